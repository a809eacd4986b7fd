"""The time during which a server is open, as noted under /run."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from live_cluster.access.sshd import AccessFiles

WINDOW_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Times are seconds since boot: setting the clock cannot make the hour longer."""

    window_id: str
    opened_uptime_s: int
    deadline_uptime_s: int
    fingerprint: str
    opened_by: str


def new_window(*, length_s: int, fingerprint: str, opened_by: str) -> Window:
    """A window from now on, with a name of its own so that an old timer cannot close a newer one."""
    now = int(uptime_s())
    return Window(
        window_id=secrets.token_hex(4),
        opened_uptime_s=now,
        deadline_uptime_s=now + length_s,
        fingerprint=fingerprint,
        opened_by=opened_by,
    )


def uptime_s() -> float:
    """Seconds since boot; the script that sshd asks reads the same clock."""
    return float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])


def read_window(files: AccessFiles) -> Window | None:
    """The noted window; None where there is none or where the note is damaged (lock cleans up either way)."""
    try:
        noted = json.loads(files.window.read_text(encoding="utf-8"))
        return Window(**noted)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def window_text(window: Window) -> str:
    """The note; `read_window` reads it back."""
    return json.dumps(asdict(window), ensure_ascii=False) + "\n"
