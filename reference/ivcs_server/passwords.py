"""Passwords of administrators, kept as scrypt hashes: `scrypt$N$salt$hash` in Base64."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

# 16 MiB and about 50 ms for each attempt.
COST, BLOCK, PARALLEL = 2**14, 8, 1
SHORTEST = 10


def password_hash(password: str, salt: bytes | None = None) -> str:
    """What is stored for the password."""
    salt = os.urandom(16) if salt is None else salt
    return f"scrypt${COST}${_text(salt)}${_text(_derive(password, salt, COST))}"


def is_password(password: str, stored: str) -> bool:
    """Whether the password fits what is stored; what cannot be read fits nothing."""
    parts = stored.split("$")
    try:
        method, cost, salt, expected = parts
        found = _derive(password, base64.b64decode(salt, validate=True), int(cost))
        return method == "scrypt" and hmac.compare_digest(found, base64.b64decode(expected, validate=True))
    except ValueError:
        return False


def fingerprint(stored: str) -> str:
    """Names a stored hash in sessions, which so end when the password changes."""
    return hashlib.sha256(stored.encode()).hexdigest()[:16]


def _derive(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=cost, r=BLOCK, p=PARALLEL, dklen=32
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
