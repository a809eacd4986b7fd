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
from typing import Any

from live_cluster.model.settings import Secret

SERVICE_SECRETS_FILE = "/etc/live-cluster/service-secrets.toml"
# PostgreSQL's own default; the passwords are random, so more rounds would protect nothing.
_SCRAM_ROUNDS = 4096


# corosync-qdevice's name for the certificate it shows (net_nss_client_cert_nickname).
CERTIFICATE_NICKNAME = "Cluster Cert"
# pk12util(1) takes no bundle without a phrase. This one hides nothing: root alone can read the bundle.
BUNDLE_PHRASE = b"live-cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbiterIdentity:
    """Who the heads are to the arbiter: authority and certificate (PEM), and the latter with its key (PKCS#12)."""

    authority: str
    certificate: str
    bundle: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSecrets:
    """Corosync's authkey (256 bytes), passwords of the replication role and the SMB account, the arbiter's key."""

    authkey: bytes = field(repr=False)
    replication: Secret
    smb: Secret
    arbiter: ArbiterIdentity | None = None

    @property
    def drbd(self) -> Secret:
        """What DRBD's two ends know each other by: made of Corosync's key, so that it never has to be kept."""
        return Secret(hmac.digest(self.authkey, b"drbd", hashlib.sha256).hex()[:48])

    def to_toml(self) -> str:
        """The file's text; `parse` reads it back."""
        return self._always() + ("" if self.arbiter is None else _identity_toml(self.arbiter))

    def _always(self) -> str:
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
    return ServiceSecrets(
        authkey=authkey, replication=Secret(texts[1]), smb=Secret(texts[2]), arbiter=_identity(values)
    )


def _identity_toml(identity: ArbiterIdentity) -> str:
    return (
        f"arbiter-authority = {json.dumps(identity.authority)}\n"
        f"arbiter-certificate = {json.dumps(identity.certificate)}\n"
        f'arbiter-bundle = "{base64.b64encode(identity.bundle).decode()}"\n'
    )


def _identity(values: dict[str, Any]) -> ArbiterIdentity | None:
    """None where there is none, or where somebody has cut it off: then a new one is made."""
    texts = [values.get(f"arbiter-{name}") for name in ("authority", "certificate", "bundle")]
    authority, certificate, bundle = texts
    if not isinstance(authority, str) or not isinstance(certificate, str) or not isinstance(bundle, str):
        return None
    try:
        return ArbiterIdentity(
            authority=authority, certificate=certificate, bundle=base64.b64decode(bundle, validate=True)
        )
    except ValueError:
        return None


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
