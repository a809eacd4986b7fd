"""The login to a CIFS share as mount.cifs(8) reads it from a file."""

from __future__ import annotations

from live_cluster.model.settings import Credentials


def login_text(credentials: Credentials) -> str:
    """DOMAIN\\user is what people write; the file has a line for each. All after the `=` counts, spaces too."""
    domain, separator, user = credentials.username.rpartition("\\")
    password = credentials.password.reveal() if credentials.password else ""
    lines = [f"username={user}", f"password={password}", *([f"domain={domain}"] if separator else ())]
    return "".join(line + "\n" for line in lines)
