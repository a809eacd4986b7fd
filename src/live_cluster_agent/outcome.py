"""What an action can end with: the exit codes of the OCF standard and the problem that carries one."""

SUCCESS = 0
ERROR = 1
BAD_ARGUMENTS = 2
UNIMPLEMENTED = 3
NOT_INSTALLED = 5
NOT_CONFIGURED = 6
NOT_RUNNING = 7
RUNNING_PROMOTED = 8
FAILED_PROMOTED = 9


class AgentProblem(Exception):
    """Ends the action with an OCF exit code and a reason that Pacemaker shows to the administrator."""

    def __init__(self, reason: str, *, code: int = ERROR) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class DiskProblem(AgentProblem):
    """A file could not be read or written."""


class ClusterSilent(AgentProblem):
    """The cluster's own services on this node did not answer in time."""
