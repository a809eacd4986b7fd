"""What can go wrong in the lab; every message says what to do where there is something to do."""

from __future__ import annotations

from collections.abc import Sequence


class LabError(Exception):
    """The lab cannot do what was asked of it."""


class LabInUse(LabError):
    """Another process works with the lab of this name."""


class LabOfAnotherVersion(LabError):
    """A lab that another version of ./lab has made, in a way that this one cannot work with."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"lab {name} was made by another version of ./lab: {reason}; use that version, or remove the lab: "
            f"./lab down --name {name}"
        )


class HostIsOff(LabError):
    """The host was asked to run something while it has no power."""


class WaitTimeout(LabError):
    """A condition did not become true in time; carries the last value seen."""


class LabCommandFailed(LabError):
    """A command ended with a status other than zero, or was ended because its time was up."""

    def __init__(self, argv: Sequence[str], returncode: int, output: str) -> None:
        self.argv = tuple(argv)
        self.returncode = returncode
        self.output = output
        super().__init__(f"{' '.join(argv)}: exit code {returncode}\n{output.strip()}".strip())


class LabCommandTimeout(LabCommandFailed):
    """The command did not end in time and was killed."""


class FaultNotSurvived(LabError):
    """What had to come of a fault did not come; says the row, what was missing and where the logs are."""
