"""The site key: one secret of an installation, from which both of its certificate authorities come."""

from __future__ import annotations

import base64
import binascii
import hashlib
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from live_cluster.access.passphrase import Passphrase
from live_cluster.errors import Busy, NotReady, problem

SITE_KEY_FILE = Path("/etc/live-cluster/site.key")
KEY_BYTES = 32

# RFC 9106's second recommendation. The phrase holds 77 random bits, so a guess need not cost more than the 0.1 s
# that every run of `configure` waits for it.
ARGON2_MEMORY_KIB = 64 * 1024
ARGON2_ITERATIONS = 3
ARGON2_LANES = 2
# Beside argon2's own blocks: this program, sshd's session and a margin for a server that is just starting up.
MEMORY_NEEDED_KIB = ARGON2_MEMORY_KIB + 64 * 1024

_LABEL = b"live-cluster/v1/"


@dataclass(frozen=True, slots=True)
class SiteSecret:
    """What the servers of one installation have in common; never shown by repr()."""

    seed: bytes = field(repr=False)

    @property
    def host_ca(self) -> Ed25519PrivateKey:
        """Signs host keys: by this a server proves that it belongs to the installation."""
        return self._authority(b"host-ca")

    @property
    def user_ca(self) -> Ed25519PrivateKey:
        """Signs the configurator's keys. Apart from `host_ca`, so that neither can stand in for the other."""
        return self._authority(b"user-ca")

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that are equal on all servers of an installation; no secret."""
        return fingerprint_of(openssh_public_bytes(self.host_ca))

    def _authority(self, label: bytes) -> Ed25519PrivateKey:
        derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_LABEL + label).derive(self.seed)
        return Ed25519PrivateKey.from_private_bytes(derived)


def fingerprint_of(host_ca_public: bytes) -> str:
    """The fingerprint for a host CA's public key in OpenSSH's one-line form (a comment is ignored)."""
    digest = hashlib.sha256(b" ".join(host_ca_public.split()[:2])).hexdigest()[:16]
    return "-".join(digest[start : start + 4] for start in range(0, 16, 4))


def openssh_public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The public half as it stands in authorized_keys and known_hosts, without comment and newline."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def secret_from_passphrase(passphrase: Passphrase) -> SiteSecret:
    """The same secret for the same words on every server; Busy where memory is short."""
    _check_memory()
    # The words are random, so one salt for all installations does not help a guesser.
    salt = hashlib.sha256(_LABEL + b"passphrase-salt").digest()[:16]
    kdf = Argon2id(
        salt=salt,
        length=KEY_BYTES,
        iterations=ARGON2_ITERATIONS,
        lanes=ARGON2_LANES,
        memory_cost=ARGON2_MEMORY_KIB,
    )
    try:
        return SiteSecret(kdf.derive(passphrase.text.encode("ascii")))
    except MemoryError:
        raise Busy(problem("access-memory-short", needed=MEMORY_NEEDED_KIB // 1024)) from None


def secret_from_key_file(path: Path) -> SiteSecret:
    """The secret of a random key file (32 bytes in base64); NotReady where it is not safe or not whole."""
    with path.open("rb") as file:
        mode = Path(f"/proc/self/fd/{file.fileno()}").stat()
        if mode.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or mode.st_uid != 0:
            raise NotReady(problem("site-key-readable", path=path, mode=f"{stat.S_IMODE(mode.st_mode):04o}"))
        text = file.read(4096)
    try:
        key = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        key = b""
    # Random bytes repeat little (32 of 256 values: 30 different ones on average); a typed pattern does.
    if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 2:
        raise NotReady(problem("site-key-malformed", path=path, wanted=KEY_BYTES))
    seed = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_LABEL + b"key-file").derive(key)
    return SiteSecret(seed)


def _check_memory() -> None:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:") and int(line.split()[1]) < MEMORY_NEEDED_KIB:
            raise Busy(problem("access-memory-short", needed=MEMORY_NEEDED_KIB // 1024))
