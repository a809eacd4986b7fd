"""What sshd is told while a server is open, and what it says about itself; texts in, texts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from live_cluster.access.certificates import PRINCIPAL

# Debian's sshd_config includes this directory first, and for sshd the first value counts: hence 00.
DROP_IN = Path("/etc/ssh/sshd_config.d/00-live-cluster.conf")
# Where live-cluster configure expects every server's sshd.
SSH_PORT = 22
RUNTIME_DIRECTORY = Path("/run/live-cluster-ssh")


@dataclass(frozen=True, slots=True)
class AccessFiles:
    """Everything that exists only while a server is open; gone with /run at the next boot."""

    directory: Path = RUNTIME_DIRECTORY
    drop_in: Path = DROP_IN

    @property
    def sshd_config(self) -> Path:
        """What the drop-in includes."""
        return self.directory / "sshd.conf"

    @property
    def user_ca(self) -> Path:
        """Public key of the CA whose certificates may log in."""
        return self.directory / "user-ca.pub"

    @property
    def gate(self) -> Path:
        """Script that sshd asks about each certificate."""
        return self.directory / "gate.sh"

    @property
    def connections(self) -> Path:
        """One file per connection that came through the gate, named by its process id."""
        return self.directory / "connections"

    @property
    def window(self) -> Path:
        """Since when, until when, with which key."""
        return self.directory / "window.json"

    def host_certificate(self, number: int) -> Path:
        """One per host key of sshd."""
        return self.directory / f"host-{number}-cert.pub"

    def marker(self, window_id: str) -> Path:
        """Exists while this very window is the open one."""
        return self.directory / f"window-{window_id}"


@dataclass(frozen=True, slots=True)
class EffectiveSshd:
    """The answer of `sshd -T` for a root login: keyword → its values, one per line of the answer."""

    values: Mapping[str, tuple[str, ...]]

    def first(self, keyword: str, default: str = "") -> str:
        """The value of a keyword that stands once."""
        return self.values.get(keyword, (default,))[0]

    @property
    def listen_addresses(self) -> tuple[str, ...]:
        """As sshd writes them: 192.0.2.1:22, [::]:22."""
        return self.values.get("listenaddress", ())

    @property
    def ports(self) -> frozenset[int]:
        """On which it listens, on whatever address."""
        return frozenset(int(address.rpartition(":")[2]) for address in self.listen_addresses)

    @property
    def host_keys(self) -> tuple[Path, ...]:
        """Private host key files; the public half lies beside each as .pub."""
        return tuple(Path(value) for value in self.values.get("hostkey", ()))

    @property
    def root_keys_are_welcome(self) -> bool:
        """Whether root may log in with a key alone even while the server is locked."""
        methods = self.first("authenticationmethods", "any").split()
        allowed = [user for line in self.values.get("allowusers", ()) for user in line.split()]
        groups = [group for line in self.values.get("allowgroups", ()) for group in line.split()]
        return (
            self.first("permitrootlogin") in {"yes", "without-password", "prohibit-password"}
            and self.first("pubkeyauthentication", "yes") == "yes"
            and bool({"any", "publickey"} & set(methods))
            and (not allowed or "root" in allowed)
            and (not groups or "root" in groups)
        )


def parse_effective(text: str) -> EffectiveSshd:
    """From the output of `sshd -T -C user=root,…`."""
    values: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        keyword, _, value = line.strip().partition(" ")
        if keyword:
            values[keyword.lower()] = (*values.get(keyword.lower(), ()), value.strip())
    return EffectiveSshd(values)


def render_drop_in(files: AccessFiles) -> str:
    """The one file outside /run. Inert by itself: a pattern without a match is no error for sshd."""
    return (
        "# Written by live-configure unlock-configurator, removed by lock-configurator; no effect after a reboot.\n"
        f"Include {files.sshd_config}*\n"
    )


def render_sshd_config(
    files: AccessFiles, *, host_certificates: Sequence[Path], locked_state: EffectiveSshd
) -> str:
    """Additions to sshd's configuration: the host's certificates, and root by certificate of our CA.

    Where sshd does not let root in with a key while locked, it must let in certificates now, but still no
    other key: so root's authorized_keys are switched off in exchange for what has to be switched on.
    """
    rules = [
        f"TrustedUserCAKeys {files.user_ca}",
        f"AuthorizedPrincipalsCommand /bin/sh {files.gate}",
        "AuthorizedPrincipalsCommandUser root",
    ]
    if not locked_state.root_keys_are_welcome:
        rules += [
            "PermitRootLogin prohibit-password",
            "PubkeyAuthentication yes",
            "AuthenticationMethods publickey",
            "AllowUsers root",
            "AllowGroups root",
            "AuthorizedKeysFile none",
            "AuthorizedKeysCommand none",
        ]
    lines = [
        "# Written by live-configure unlock-configurator; gone after lock-configurator, an hour, a reboot.",
        *(f"HostCertificate {path}" for path in host_certificates),
        "Match User root",
        *(f"    {rule}" for rule in rules),
        "Match all",
    ]
    return "\n".join(lines) + "\n"


# sshd runs this as root for every certificate of our CA, before it checks the signature. Its parent is the
# process that will hold the connection. Whatever fails in here means: no login.
_GATE = Template("""\
# Written by live-configure: may the configurator come in? Asked by sshd.
set -eu
umask 077
read -r uptime rest </proc/uptime
# Even if the timer that locks this server was stopped, nobody comes in after the hour.
[ "$${uptime%%.*}" -lt $deadline ] || exit 0
stat=$$(cat "/proc/$$PPID/stat")
# Field 22 is the time the process started; the name before it may hold blanks.
set -- $${stat##*) }
printf '%s\\n' "$${20}" >"$connections/$$PPID"
printf '%s\\n' 'restrict $principal'
""")


def render_gate(files: AccessFiles, *, deadline_uptime_s: int) -> str:
    """The script that answers with the role until the deadline, and notes each connection for lock."""
    return _GATE.substitute(deadline=deadline_uptime_s, connections=files.connections, principal=PRINCIPAL)


def parse_started_at(stat_text: str) -> int:
    """Field 22 of /proc/PID/stat: together with the process id it names one process for good."""
    return int(stat_text.rpartition(") ")[2].split()[19])
