"""Is this server open for the configurator, and until when?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from live_cluster.access.connections import open_connections
from live_cluster.access.sshd import AccessFiles
from live_cluster.access.window import Window, read_window, uptime_s


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessStatus:
    """`incomplete`: something is left that lock-configurator would clean up, but nobody can come in."""

    window: Window | None
    seconds_left: int
    closes_at: datetime | None
    connections: int
    incomplete: bool

    @property
    def is_open(self) -> bool:
        """Whether the configurator is let in now."""
        return self.window is not None and self.seconds_left > 0 and not self.incomplete


def access_status(files: AccessFiles) -> AccessStatus:
    """From the files under /run alone."""
    window = read_window(files)
    if window is None:
        # After a reboot only the drop-in may be left, which is inert.
        return AccessStatus(
            window=None,
            seconds_left=0,
            closes_at=None,
            connections=0,
            incomplete=files.directory.exists(),
        )
    seconds_left = max(0, window.deadline_uptime_s - int(uptime_s()))
    needed = (files.drop_in, files.sshd_config, files.gate, files.user_ca)
    return AccessStatus(
        window=window,
        seconds_left=seconds_left,
        closes_at=datetime.now().astimezone().replace(microsecond=0) + timedelta(seconds=seconds_left),
        connections=len(open_connections(files)),
        incomplete=not all(path.exists() for path in needed),
    )
