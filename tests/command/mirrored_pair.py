"""Two heads whose files were written on apart, with DRBD between them: they answer and change as real ones do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from live_cluster.apply.fleet import Fleet
from live_cluster.errors import CommandFailed, problem
from live_cluster.model.mirror import SPLIT_BRAIN_ATTRIBUTE
from live_cluster.plan.resolve_steps import HOLD, KEPT
from live_cluster.probes.head import CIB, VIEW
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    Done,
    FileState,
    HoldLock,
    ReadFile,
    Reply,
    Request,
    WriteFile,
)
from recordings.configure.recorded import NoChannel
from recordings.recorded_server import recording

HEADS = ("ivcs-main-1", "ivcs-main-2")
CLONE, FENCE = "filestorage-drbd-clone", "drbd-fence-by-handler-filestorage-filestorage-drbd-clone"
SPLIT = {
    "ivcs-main-1": "A8E4B1C3D1BFCA6E:99F1B40E00A72C64:11D26F3A8C4E0B12:0000000000000000:1:1:0:0:0:0:0\n",
    "ivcs-main-2": "C2D09E5577AB1F3C:99F1B40E00A72C64:11D26F3A8C4E0B12:0000000000000000:1:1:1:0:0:0:0\n",
}
# The superblock of an ext4 that was mounted at 1764000000 and written at 1764003600.
_BLOCK = bytearray(4096)
_BLOCK[1024 + 0x38 : 1024 + 0x3A] = (0xEF53).to_bytes(2, "little")
_BLOCK[1024 + 0x2C : 1024 + 0x30] = (1764000000).to_bytes(4, "little")
_BLOCK[1024 + 0x30 : 1024 + 0x34] = (1764003600).to_bytes(4, "little")
_VOLUME = '{{"vg_name":"vg0","lv_name":"files","lv_size":"1073741824","vg_free":"{free}","segtype":"linear"}}'
_CLONE_XML = """<clone id="{clone}" multi_state="true" managed="true">{instances}</clone></resources>"""
_INSTANCE = """<resource id="filestorage-drbd" resource_agent="ocf:linbit:drbd" role="{role}" active="true"
 managed="true"><node name="{node}" id="{id}"/></resource>"""
_CIB = """<cib><configuration><resources><clone id="{clone}">
<primitive id="filestorage-drbd" class="ocf" provider="linbit" type="drbd"><instance_attributes id="i">
<nvpair id="p" name="drbd_resource" value="filestorage"/></instance_attributes></primitive>{hold}</clone>
</resources><constraints>{fences}</constraints></configuration></cib>"""


@dataclass(kw_only=True)
class Copy:
    """DRBD on one head."""

    node: str
    identifiers: str
    connection: str = "StandAlone"
    role: str = "Secondary"
    disk: str = "UpToDate"
    out_of_sync_kib: int = 4096
    snapshots: set[str] = field(default_factory=set)
    has_lvm: bool = True
    free: int = 10 << 30
    discards: bool = False


@dataclass(kw_only=True)
class Pair:
    """Both, and the cluster around them. `interrupt_at`: the change of that number is the last one that is made."""

    copies: dict[str, Copy]
    primary: str = "ivcs-main-2"
    is_held: bool = False
    held_for: str = ""
    fences: list[str] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    maintenance: bool = False
    offline: str = ""
    changes: list[str] = field(default_factory=list)
    interrupt_at: int = 0
    looks_left: int = 0

    @classmethod
    def split(cls) -> Pair:
        """The second head serves; both were written on."""
        copies = {node: Copy(node=node, identifiers=SPLIT[node]) for node in HEADS}
        copies["ivcs-main-2"].role = "Primary"
        return cls(copies=copies, fences=[FENCE], marks=set(HEADS))

    async def connect(self, _names: object, _credentials: object) -> Fleet:
        """Instead of apply.fleet.connect."""
        return Fleet({node: Head(self, node) for node in HEADS}, "ivcs-main-1")

    def peer(self, node: str) -> Copy:
        return self.copies[HEADS[1 - HEADS.index(node)]]

    @property
    def promoted(self) -> str:
        return next((one.node for one in self.copies.values() if one.role == "Primary"), "")

    def settle(self) -> None:
        """What Pacemaker and DRBD do by themselves."""
        for copy in self.copies.values():
            copy.role = "Secondary" if self.is_held or copy.node != self.primary else "Primary"
        states = {one.connection for one in self.copies.values()}
        if states == {"WFConnection"}:
            self._meet()
        elif states == {"SyncSource", "SyncTarget"}:
            self.looks_left -= 1
            if self.looks_left <= 0:
                for copy in self.copies.values():
                    copy.connection, copy.disk, copy.out_of_sync_kib = "Connected", "UpToDate", 0

    def _meet(self) -> None:
        losers = [one for one in self.copies.values() if one.discards or one.disk == "Inconsistent"]
        if len(losers) != 1 or losers[0].role == "Primary":
            # Nobody yields, or both do.
            for copy in self.copies.values():
                copy.connection = "StandAlone"
            return
        (loser,) = losers
        winner = self.peer(loser.node)
        loser.connection, loser.disk, winner.connection = "SyncTarget", "Inconsistent", "SyncSource"
        loser.identifiers = winner.identifiers
        self.looks_left = 4

    def cib(self) -> bytes:
        pair = f'<nvpair id="x" name="{KEPT}" value="{self.held_for}"/>'
        hold = f'<meta_attributes id="{HOLD}">{pair}</meta_attributes>' if self.is_held else ""
        fences = "".join(f'<rsc_location id="{one}" rsc="{CLONE}"/>' for one in self.fences)
        return _CIB.format(clone=CLONE, hold=hold, fences=fences).encode()

    def view(self) -> bytes:
        instances = "".join(
            _INSTANCE.format(role="Promoted" if one.role == "Primary" else "Unpromoted", node=one.node, id=at)
            for at, one in enumerate(self.copies.values(), start=1)
        )
        text = recording("healthy-primary").replace(
            "</resources>", _CLONE_XML.format(clone=CLONE, instances=instances), 1
        )
        head, _, rest = text.partition("<node_attributes>")
        for node in self.marks:
            place, mark = (
                f'<node name="{node}">',
                f'<attribute name="{SPLIT_BRAIN_ATTRIBUTE}" value="1764000000"/>',
            )
            rest = rest.replace(place, place + mark, 1)
        if self.offline:
            place = f'<node name="{self.offline}" id="1" online='
            head = head.replace(f'{place}"true"', f'{place}"false"', 1)
        text = f"{head}<node_attributes>{rest}"
        if self.maintenance:
            text = text.replace('maintenance-mode="false"', 'maintenance-mode="true"')
        return text.encode()

    def proc(self, node: str) -> bytes:
        own, peer = self.copies[node], self.peer(node)
        talks = own.connection not in ("StandAlone", "WFConnection")
        peer_role, peer_disk = (peer.role, peer.disk) if talks else ("Unknown", "DUnknown")
        lines = [
            "version: 8.4.11 (api:1/proto:86-101)",
            f" 0: cs:{own.connection} ro:{own.role}/{peer_role} ds:{own.disk}/{peer_disk} C r-----",
            f"    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:{own.out_of_sync_kib}",
        ]
        if own.connection in ("SyncSource", "SyncTarget"):
            lines.append("\t[==>.................] sync'ed: 15.8% (3072/4096)K")
            lines.append("\tfinish: 0:00:21 speed: 10,240 (10,240) K/sec")
        return "\n".join((*lines, "")).encode()


class Head(Server):
    """One of them; a request that is not foreseen fails the test."""

    def __init__(self, pair: Pair, node: str) -> None:
        super().__init__(node, NoChannel())
        self._pair = pair

    async def ask(self, request: Request) -> Reply:
        await asyncio.sleep(0)
        if isinstance(request, Command) and request.changes_node:
            reply = self._change(request)
        elif request == ReadFile(path="/proc/drbd"):
            self._pair.settle()
            reply = FileState(exists=True, content=self._pair.proc(self.name), mode=0o444)
        elif isinstance(request, Command):
            reply = self._answer(request)
        else:
            assert isinstance(request, HoldLock | WriteFile), request
            reply = Done()
        if self.watch:
            self.watch(self.name, request, reply)
        return reply

    def _answer(self, request: Command) -> Reply:  # noqa: C901  a line for each question
        pair, own = self._pair, self._pair.copies[self.name]
        pair.settle()
        lv = _VOLUME.format(free=own.free)
        snapshots = ",".join(
            f'{{"vg_name":"vg0","lv_name":"{one}","origin":"files"}}' for one in own.snapshots
        )
        mounted = own.role == "Primary"
        match request.argv:
            case argv if argv == CIB.argv:
                return CommandResult(returncode=0, stdout=pair.cib())
            case argv if argv == VIEW.argv:
                return CommandResult(returncode=0, stdout=pair.view())
            case ("drbdadm", "sh-minor", "filestorage"):
                return _said("0\n")
            case ("drbdadm", "sh-ll-dev", "filestorage"):
                return _said("/dev/vg0/files\n")
            case ("drbdadm", "get-gi", "filestorage"):
                return _said(own.identifiers)
            case ("lvs", "--reportformat", *_, "--select", _):
                return _said(f'{{"report":[{{"lv":[{snapshots}]}}]}}') if own.has_lvm else _failed()
            case ("lvs", "--reportformat", *_):
                return _said(f'{{"report":[{{"lv":[{lv}]}}]}}') if own.has_lvm else _failed()
            case ("lvs", place):
                return _said("") if place.removeprefix("vg0/") in own.snapshots else _failed()
            case ("dd", "if=/dev/vg0/files", *_):
                return CommandResult(returncode=0, stdout=bytes(_BLOCK))
            case ("findmnt", *_):
                return _said("/srv/files\n") if mounted else _failed()
            case ("journalctl", *_):
                return _said(
                    "1764000123.456 ivcs-main-2 kernel: drbd filestorage: conn( Connected -> Timeout )\n"
                )
            case ("find", "/srv/files", *_):
                return _said("1764000200.5 4096 b/old name.webm\n1764000300.5 2097152 a.webm\n")
            case ("ls", *_):
                return _said("")
        raise AssertionError(f"{self.name}: {request}")

    def _change(self, request: Command) -> Reply:
        pair = self._pair
        pair.changes.append(f"{self.name}: {request}")
        if pair.interrupt_at and len(pair.changes) > pair.interrupt_at:
            raise CommandFailed(
                problem("command-failed", node=self.name, command=str(request), exit_code=255, output="")
            )
        return self._changed(request)

    def _changed(self, request: Command) -> Reply:
        pair, own = self._pair, self._pair.copies[self.name]
        match request.argv:
            case ("cibadmin", "--modify", *_):
                assert HOLD in request.argv[-1]
                pair.is_held, pair.held_for = True, pair.peer(self.name).node
            case ("cibadmin", "--delete", "--xpath", path) if HOLD in path:
                pair.is_held = False
            case ("cibadmin", "--delete", "--xpath", path):
                pair.fences.remove(path.split("'")[1])
            case ("drbdadm", "disconnect", "filestorage"):
                own.connection, own.discards = "StandAlone", False
            case ("drbdadm", "connect", *words, "filestorage"):
                own.connection, own.discards = "WFConnection", words == ["--discard-my-data"]
            case ("drbdadm", "invalidate", "filestorage"):
                assert (own.connection, own.role) == ("StandAlone", "Secondary")
                own.disk, own.out_of_sync_kib = "Inconsistent", 1 << 20
            case ("lvcreate", "--yes", "--snapshot", "--name", name, *_):
                own.snapshots.add(name)
            case ("crm_attribute", "--node", node, *_):
                pair.marks.discard(node)
            case ("runuser", "-u", "hacluster", "--", "tee", *_):
                pass
            case _:
                raise AssertionError(f"{self.name}: {request}")
        pair.settle()
        return _said("")


def _said(text: str) -> CommandResult:
    return CommandResult(returncode=0, stdout=text.encode())


def _failed() -> CommandResult:
    return CommandResult(returncode=5, stderr=b"failed")
