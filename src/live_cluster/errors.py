"""Everything that can go wrong, as one tree.

LiveClusterError
├── InputRejected        the options, files or settings are wrong; nothing was touched
├── NotPermitted         not root
├── NotReady             the servers are not in a state to begin; nothing was touched
├── Busy                 another run holds the lock
├── Unreachable          a server cannot be reached or does not let the configurator in
├── CommandFailed        a command on a server failed in the middle of the work
├── ConditionNotMet      what a step brings about did not come about in time
├── Unconfigured         a verb that needs a cluster was called where there is none
└── Declined             the administrator answered no

Each carries its exit code: Pacemaker's table, which contains sysexits(3) (crm_error -l).
"""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.record import Choice, Record


class ExitCode:
    """The part of Pacemaker's exit codes that this tool uses (crm_error --list --exit): plain numbers."""

    OK = 0
    ERROR = 1
    USAGE = 64
    UNAVAILABLE = 69
    TEMPORARY = 75
    NOT_PERMITTED = 77
    CONFIGURATION = 78
    NOT_CONFIGURED = 105
    DECLINED = 107
    PARTIAL = 113
    TIMEOUT = 124
    DEGRADED = 190


class Severity(Choice):
    """An error stops the run before anything is touched; a warning is shown and the run goes on."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Record):
    """One thing that is wrong: which option or which server, and the sentence that says what to do."""

    message: Message
    option: str = ""
    node: str = ""
    severity: Severity = Severity.ERROR

    @property
    def code(self) -> str:
        """The stable, kebab-case name that JSON output and tests use."""
        return self.message.code


def problem(code: str, *, option: str = "", node: str = "", **fields: object) -> Problem:
    """An error; the sentence may use {option} and {node} beside its own fields."""
    return Problem(message=message(code, option=option, node=node, **fields), option=option, node=node)


def warning(code: str, *, option: str = "", node: str = "", **fields: object) -> Problem:
    """The same as `problem`, but the run goes on."""
    text = message(code, option=option, node=node, **fields)
    return Problem(message=text, option=option, node=node, severity=Severity.WARNING)


class LiveClusterError(Exception):
    """Root of the tree; `problems` say what happened, where, and what to do."""

    exit_code = ExitCode.ERROR

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class InputRejected(LiveClusterError):
    """Options, files or settings are wrong."""

    exit_code = ExitCode.USAGE


class NotPermitted(LiveClusterError):
    """Root is required."""

    exit_code = ExitCode.NOT_PERMITTED


class NotReady(LiveClusterError):
    """The servers do not fulfil what must hold before anything is touched."""

    exit_code = ExitCode.CONFIGURATION


class Busy(LiveClusterError):
    """Another run is at work."""

    exit_code = ExitCode.TEMPORARY


class Unreachable(LiveClusterError):
    """A server is off, locked, or has another key."""

    exit_code = ExitCode.UNAVAILABLE


class CommandFailed(LiveClusterError):
    """A command on a server failed in the middle of the work."""

    exit_code = ExitCode.ERROR


class ConditionNotMet(LiveClusterError):
    """A step was carried out, but its effect did not show in time."""

    exit_code = ExitCode.TIMEOUT


class Unconfigured(LiveClusterError):
    """No cluster here."""

    exit_code = ExitCode.NOT_CONFIGURED


class Declined(LiveClusterError):
    """The administrator said no, or could not be asked."""

    exit_code = ExitCode.DECLINED
