"""Secrets that services of the cluster share and no person ever types; made once, kept on both heads."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import tomllib
from dataclasses import dataclass, field

from live_cluster.model.settings import Secret

SERVICE_SECRETS_FILE = "/etc/live-cluster/service-secrets.toml"
# PostgreSQL's own default; the passwords are random, so more rounds would protect nothing.
_SCRAM_ROUNDS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSecrets:
    """Corosync's authkey (256 bytes), the replication role's and the SMB account's password."""

    authkey: bytes = field(repr=False)
    replication: Secret
    smb: Secret

    def to_toml(self) -> str:
        """The file's text; `parse` reads it back."""
        return (
            "# Made by live-cluster; the same on both heads. Whoever can read it can read the database.\n"
            f'authkey = "{base64.b64encode(self.authkey).decode()}"\n'
            # A JSON string without control characters is a TOML string as well.
            f"replication = {json.dumps(self.replication.reveal(), ensure_ascii=False)}\n"
            f"smb = {json.dumps(self.smb.reveal(), ensure_ascii=False)}\n"
        )


def parse(text: str) -> ServiceSecrets | None:
    """The secrets in a file's text; None where the file is missing, cut off or not ours."""
    try:
        values = tomllib.loads(text)
        texts = [values[name] for name in ("authkey", "replication", "smb")]
    except (tomllib.TOMLDecodeError, KeyError):
        return None
    if not all(isinstance(one, str) and one for one in texts):
        return None
    try:
        authkey = base64.b64decode(texts[0], validate=True)
    except ValueError:
        return None
    return ServiceSecrets(authkey=authkey, replication=Secret(texts[1]), smb=Secret(texts[2]))


def generate() -> ServiceSecrets:
    """New random secrets: 2048 bits for Corosync (corosync-keygen(8)), 192 for each password."""
    return ServiceSecrets(
        authkey=secrets.token_bytes(256),
        replication=Secret(secrets.token_urlsafe(24)),
        smb=Secret(secrets.token_urlsafe(24)),
    )


def scram_verifier(password: Secret, salt: bytes | None = None) -> str:
    """What PostgreSQL stores for a password (RFC 5803): the password itself never leaves this process."""
    chosen = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), chosen, _SCRAM_ROUNDS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    parts = [base64.b64encode(part).decode() for part in (chosen, stored_key, server_key)]
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{parts[0]}${parts[1]}:{parts[2]}"


def scram_matches(password: Secret, verifier: str) -> bool:
    """Was this verifier made of this password?"""
    try:
        rounds, salt = verifier.split("$")[1].split(":")
        decoded = base64.b64decode(salt, validate=True)
    except (IndexError, ValueError):
        return False
    return rounds == str(_SCRAM_ROUNDS) and hmac.compare_digest(scram_verifier(password, decoded), verifier)
