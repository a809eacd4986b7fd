"""Lines for Pacemaker's log (it records an agent's stderr) and, when run by Pacemaker, for the journal."""

import os
import sys
import syslog

_LEVELS = {"INFO": syslog.LOG_INFO, "WARNING": syslog.LOG_WARNING, "ERROR": syslog.LOG_ERR}


def _write(level: str, text: str) -> None:
    resource = os.environ.get("OCF_RESOURCE_INSTANCE", "postgresql")
    sys.stderr.write(f"postgresql({resource})[{os.getpid()}]: {level}: {text}\n")
    # A systemd unit's stderr is in the journal already.
    if os.environ.get("OCF_RA_VERSION_MAJOR"):
        syslog.openlog(f"postgresql({resource})", syslog.LOG_PID, syslog.LOG_DAEMON)
        syslog.syslog(_LEVELS[level], f"{level}: {text}")


def info(text: str) -> None:
    """Report a change of state; routine looks stay silent."""
    _write("INFO", text)


def warning(text: str) -> None:
    """Report something that the agent lives with."""
    _write("WARNING", text)


def error(text: str) -> None:
    """Report something that the agent could not do."""
    _write("ERROR", text)


def exit_reason(text: str) -> None:
    """Give Pacemaker the one line that it keeps with the result of the action."""
    sys.stderr.write(f"ocf-exit-reason:{text}\n")
