"""Once on each server: a self-signed certificate wherever nginx, opensips and gnugk have none."""

from __future__ import annotations

import grp
import os
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivcs_server.certificate import self_signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a service has its certificate, and the group that may read the key."""

    folder: Path
    group: str
    key_mode: int


PLACES = (
    Place(folder=Path("/etc/nginx/ssl"), group="root", key_mode=0o600),
    Place(folder=Path("/etc/opensips/tls"), group="opensips", key_mode=0o640),
    Place(folder=Path("/etc/gnugk/tls"), group="gnugk", key_mode=0o640),
)


def main() -> int:
    """Exit code; what is there stays as it is."""
    empty = [place for place in PLACES if not (place.folder / "ivcs.crt").exists()]
    if not empty:
        return 0
    certificate, key = self_signed(socket.gethostname(), datetime.now(UTC))
    for place in empty:
        group = grp.getgrnam(place.group).gr_gid
        place.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        # The certificate last: while it is missing, this is not done.
        _write(place.folder / "ivcs.key", key, group, place.key_mode)
        _write(place.folder / "ivcs.crt", certificate, group, 0o644)
    return 0


def _write(path: Path, content: bytes, group: int, mode: int) -> None:
    unfinished = path.with_name(f".{path.name}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchown(file.fileno(), 0, group)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
