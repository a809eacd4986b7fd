"""Sent to a host: runs commands one after the other and prints, as JSON, how long each took.

It measures where the commands run, so that entering the host (15 ms) is no part of any figure.
Argument: {"commands": [argv...], "rounds": N, "warm_up": bool} as JSON. In each round every command has its turn.
"""

import json
import os
import sys
import time


def run_once(argv: list[str]) -> dict[str, object]:
    """Wall clock and processor seconds of one run, its exit code and outputs."""
    output, errors = os.memfd_create("output"), os.memfd_create("errors")
    actions = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, errors, 2),
    )
    began = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "exit_code": os.waitstatus_to_exitcode(status),
        "output": written(output),
        "errors": written(errors),
    }


def written(descriptor: int) -> str:
    """What a command wrote there; the descriptor is closed."""
    text = os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")
    os.close(descriptor)
    return text


def main() -> None:
    """Print {"turns": [[run, ...] per command]}; end at the first command that fails."""
    wish = json.loads(sys.argv[1])
    turns: list[list[dict[str, object]]] = [[] for _ in wish["commands"]]
    for number in range(-1 if wish["warm_up"] else 0, wish["rounds"]):
        for argv, runs in zip(wish["commands"], turns, strict=True):
            one = run_once(argv)
            if number >= 0:
                runs.append(one)
            if one["exit_code"] != 0:
                sys.exit(f"{' '.join(argv)}: exit code {one['exit_code']}\n{one['output']}\n{one['errors']}")
    json.dump({"turns": turns}, sys.stdout)


main()
