"""What files must come through on every kind of storage, seen by a client of the share at its address."""

from __future__ import annotations

from dataclasses import dataclass

from cluster import CONFIGURE_DEADLINE_S, Cluster, other_head
from share_client import ShareClient

from live_lab import Host, Lab, wait_until

MOUNT_POINT = "/srv/filestorage"
# Virtual machines on two busy cores: deadlines, not expectations.
DEADLINE_S = 1800.0
# A writer that wants all or nothing gives a file its name when all of it is there.
_PUT = "put /root/big {name}.part; rename {name}.part {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePair:
    """A configured pair, and a media server that reads and writes its files by SMB."""

    cluster: Cluster
    share: ShareClient

    @property
    def lab(self) -> Lab:
        """Where they are."""
        return self.cluster.lab

    def active(self) -> Host:
        """The head that has the files; one that has just booted does not know yet."""

        def seen() -> str:
            running = (number for number, host in enumerate(self.lab.heads, start=1) if host.is_running)
            places = (self.cluster.status(number).place_of("filestorage-fs") for number in running)
            return next((place[0] for place in places if place), "")

        name = wait_until(seen, deadline_s=DEADLINE_S, what="a head has the files mounted", every_s=1.0)
        return self.lab.host(name)

    def wait_healthy(self) -> None:
        """As the head with the files sees it."""
        head = 1 + self.lab.heads.index(self.active())
        self.cluster.wait_healthy(head, deadline_s=DEADLINE_S)

    def lose_the_active_head(self, *, half_mib: int = 24) -> tuple[Host, Host]:
        """Power loss while a file of this size is being written; the head comes back. Returns it, and the other.

        What was written before is whole at the same address; the file that was under way is whole or absent, and
        the writer's next attempt succeeds.
        """
        text = "written before the power went\n" * 4096
        media = self.lab.media[0]
        media.write("/root/before", text)
        self.share.run("put /root/before before")
        make = f"head -c {half_mib << 20} /dev/urandom >/root/big; sha256sum /root/big"
        digest = media.run(("sh", "-c", make), timeout_s=300).stdout.split()[0]
        # A name of its own: a file that was deleted a moment before the power goes may be there again afterwards.
        name = f"big-{digest[:8]}"
        put = _PUT.format(name=name)
        lost = self.active()
        survivor = self.lab.heads[other_head(lost.name)]
        writer = media.start((*self.share.connect, "-c", put))
        wait_until(
            lambda: lost.run(("test", "-s", f"{MOUNT_POINT}/{name}.part"), check=False).returncode == 0,
            deadline_s=300,
            what="the writer is at work",
            every_s=0.05,
        )
        lost.power_off()
        writer.wait(CONFIGURE_DEADLINE_S)
        self.wait_served_by(survivor)
        self.share.run("get before /root/after")
        assert media.read("/root/after") == text
        assert _digest(survivor, name) in ("", digest)
        wait_until(
            lambda: self.share.tries(f"del {name}.part; del {name}; {put}") or self.share.tries(put),
            deadline_s=DEADLINE_S,
            what="the writer's next attempt succeeds",
            every_s=2.0,
        )
        assert _digest(survivor, name) == digest
        lost.power_on()
        self.wait_healthy()
        return lost, survivor

    def wait_served_by(self, head: Host) -> None:
        """The share answers at its address, and this head is the one that does."""
        number = 1 + self.lab.heads.index(head)
        wait_until(
            lambda: self.cluster.status(number).place_of("samba") == [head.name] and self.share.tries("ls"),
            deadline_s=DEADLINE_S,
            what=f"{head.name} serves the files",
            every_s=2.0,
        )


def mirror(head: Host) -> str:
    """What the kernel says of DRBD's device: connection, roles, disks; empty where there is none."""
    state = head.run(("cat", "/proc/drbd"), check=False).stdout
    return next((line.strip() for line in state.splitlines() if " cs:" in line), "")


def is_whole(head: Host) -> bool:
    """Both heads' disks have everything, as this one sees it."""
    return "cs:Connected" in mirror(head) and "ds:UpToDate/UpToDate" in mirror(head)


def _digest(head: Host, name: str) -> str:
    """Of a file as this head has it; empty where there is none."""
    seen = head.run(("sha256sum", f"{MOUNT_POINT}/{name}"), check=False).stdout
    return seen.split()[0] if seen else ""
