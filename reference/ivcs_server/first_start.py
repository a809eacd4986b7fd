"""What the product does on a server of its own once: its role, its database, and its settings file."""

from __future__ import annotations

import base64
import grp
import hashlib
import hmac
import os
import secrets
import subprocess  # noqa: TID251
import sys
from pathlib import Path

from ivcs_server.passwords import password_hash
from ivcs_server.settings import CONFIGURATION, read_settings

INITIAL_PASSWORD = Path("/etc/ivcs/initial-admin-password")
DONE = Path("/var/lib/ivcs/first-start-done")
SCRAM_ITERATIONS = 4096

# The server logs a failed statement: so it never sees the password, only its verifier.
STATEMENTS = """\
\\set ON_ERROR_STOP on
SELECT 'CREATE ROLE ivcs LOGIN' WHERE to_regrole('ivcs') IS NULL \\gexec
ALTER ROLE ivcs PASSWORD '{verifier}';
SELECT 'CREATE DATABASE ivcs OWNER ivcs TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C.UTF-8'''
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ivcs') \\gexec
"""


def main() -> int:
    """Prepares the database; a second call does nothing."""
    if DONE.exists():
        return 0
    password = read_settings().database_password if CONFIGURATION.exists() else secrets.token_urlsafe(24)
    _write_settings(password)
    finished = subprocess.run(
        ("runuser", "-u", "postgres", "--", "psql", "--no-psqlrc", "--quiet", "--dbname=postgres"),
        input=STATEMENTS.format(verifier=scram_verifier(password, os.urandom(16))),
        text=True,
        check=False,
        cwd="/",
    )
    if finished.returncode == 0:
        DONE.parent.mkdir(parents=True, exist_ok=True)
        DONE.touch()
    return finished.returncode


def scram_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL stores for an ASCII password (RFC 5803)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    texts = (
        base64.b64encode(part).decode() for part in (salt, hashlib.sha256(client_key).digest(), server_key)
    )
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ITERATIONS, *texts)


def settings_text(password: str, admin_hash: str) -> str:
    """The settings file of a server that stands alone."""
    return f"""\
# Written when the product was installed. Files in server.conf.d override what stands here.
[database]
host = 127.0.0.1
port = 5432
name = ivcs
user = ivcs
password = {password}

[filestorage]
path = /srv/filestorage

# Of the administrator that is made when the database has none yet.
[admin]
password_hash = {admin_hash}
"""


def _write_settings(password: str) -> None:
    if CONFIGURATION.exists():
        return
    admin_password = secrets.token_urlsafe(12)
    _write(INITIAL_PASSWORD, f"{admin_password}\n", group=0, mode=0o600)
    text = settings_text(password, password_hash(admin_password))
    _write(CONFIGURATION, text, group=grp.getgrnam("ivcs").gr_gid, mode=0o640)


def _write(path: Path, text: str, *, group: int, mode: int) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        os.fchown(file.fileno(), 0, group)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
