"""Runs on a lab host: a command at a terminal of its own, answered as stdin (JSON: argv, dialogue) says.

The dialogue is a list of pairs: text to wait for, text to type. Prints {exit_code, shown}.
"""

import json
import os
import pty
import sys

READ_BYTES = 65536


def main() -> None:
    """One command from its first line to its end."""
    order = json.load(sys.stdin)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(order["argv"][0], order["argv"])  # noqa: S606
    shown = ""
    read_up_to = 0
    dialogue = [tuple(pair) for pair in order["dialogue"]]
    while True:
        try:
            fresh = os.read(terminal, READ_BYTES)
        except OSError:
            # Linux reports the end of the other side of a terminal as an error.
            fresh = b""
        if not fresh:
            break
        shown += fresh.decode(errors="replace")
        if dialogue and dialogue[0][0] in shown[read_up_to:]:
            read_up_to = len(shown)
            os.write(terminal, dialogue.pop(0)[1].encode())
    _, wait_status = os.waitpid(pid, 0)
    answer = {"exit_code": os.waitstatus_to_exitcode(wait_status), "shown": shown}
    sys.stdout.write(json.dumps(answer) + "\n")


main()
