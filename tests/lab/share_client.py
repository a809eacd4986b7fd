"""smbclient(1) on a host of the lab: the share at the file-storage address, with the application's account."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from cluster import FILESTORAGE_ADDRESS, Cluster

from live_lab import Host

SHARE = f"//{FILESTORAGE_ADDRESS}/filestorage"
_SECRETS = "/etc/live-cluster/service-secrets.toml"
_ACCOUNT = "/root/smb-account"
# smbclient waits so long for each answer; heads that are virtual machines may need more than its own 20 s.
_ANSWER_S = "60"
_DEADLINE_S = 300.0


@dataclass(frozen=True, slots=True)
class ShareClient:
    """One that reads and writes the files as media servers do."""

    host: Host

    @classmethod
    def on(cls, cluster: Cluster, host: Host) -> ShareClient:
        """Gives the host the account's password, in a file; the cluster is configured, and its first head runs."""
        password = tomllib.loads(cluster.lab.heads[0].read(_SECRETS))["smb"]
        host.write(_ACCOUNT, f"username = ivcs\npassword = {password}\n", mode=0o600)
        return cls(host)

    @property
    def connect(self) -> tuple[str, ...]:
        """The command line; what to do comes after `-c`."""
        return ("smbclient", "-A", _ACCOUNT, "-t", _ANSWER_S, SHARE)

    def run(self, command: str) -> str:
        """One command of smbclient's, which must succeed; what it said."""
        return self.host.run((*self.connect, "-c", command), timeout_s=_DEADLINE_S).stdout

    def tries(self, command: str) -> bool:
        """Whether it succeeds."""
        done = self.host.run((*self.connect, "-c", command), check=False, timeout_s=_DEADLINE_S)
        return done.returncode == 0
