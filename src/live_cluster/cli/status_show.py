"""Observe, judge, show: `live-cluster status` without the command line's library, which alone costs 26 ms.

It is asked often, by people who wait and by monitoring, and is to take little more than crm_mon itself.
"""

from __future__ import annotations

import os
import sys

from live_cluster.commands.status import Asked, Server, understand

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from live_cluster.cli.output import Output
    from live_cluster.model.health import Verdict


def main(*, as_json: bool) -> int:
    """The verb as a program: every expected failure becomes a sentence and an exit code."""
    server = Server()
    # The tools begin before anything else is loaded.
    asked = Asked(server) if os.geteuid() == 0 else None

    from live_cluster.cli.output import Output
    from live_cluster.errors import LiveClusterError

    output = Output()
    try:
        try:
            code = show_status(server, output, as_json=as_json, asked=asked)
        except LiveClusterError as error:
            output.failure(error)
            code = error.exit_code
        # Here, for the program ends without Python's own tidying up.
        sys.stdout.flush()
    except BrokenPipeError:
        # `status | head`: whoever read has enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except KeyboardInterrupt:
        return 128 + 2
    return code


def show_status(server: Server, output: Output, *, as_json: bool, asked: Asked | None) -> int:
    """The exit code; `asked` None says that this is not root, who alone may ask."""
    from live_cluster.errors import LiveClusterError, NotPermitted, problem

    if asked is None:
        raise NotPermitted(problem("root-required", command="live-cluster status"))
    # What shows the answer loads before the answer is waited for.
    if as_json:
        from live_cluster.cli.output import problem_json
        from live_cluster.cli.status_json import document
    else:
        from live_cluster.cli.status_text import article_lines, our_lines
    from live_cluster.model.health import judge

    try:
        seen = understand(asked, server)
    except LiveClusterError as error:
        if as_json:
            output.json({"version": 1, "problems": [problem_json(one) for one in error.problems]})
        raise
    verdict = judge(seen)
    if as_json:
        output.json(document(seen, verdict))
    else:
        output.data("\n".join((*article_lines(seen.view, output), "", *our_lines(seen, verdict, output))))
    return exit_code(verdict)


def exit_code(verdict: Verdict) -> int:
    """0 healthy, 190 degraded, 1 down."""
    from live_cluster.errors import ExitCode

    if verdict.down:
        return ExitCode.ERROR
    return ExitCode.OK if verdict.healthy else ExitCode.DEGRADED
