"""What heads in the lab told about a split-brain (module 8.4.11, drbd-utils 9.22, Debian 12's LVM), as values."""

from __future__ import annotations

import struct

from live_cluster.model.drbd import DrbdState
from live_cluster.model.drbd_split import ChangedFile, Relation, Superblock, Volume, relation
from live_cluster.probes.drbd import parse_identifiers
from live_cluster.probes.drbd_sides import (
    ClusteredDrbd,
    changed_request,
    clustered_drbd,
    device_state,
    ids_in,
    is_module_9,
    parse_changed,
    parse_parted,
    parse_snapshots,
    parse_superblock,
    parse_volume,
    value_in,
)
from live_cluster.remote.requests import CommandResult, FileState

SPLIT = """\
version: 8.4.11 (api:1/proto:86-101)
srcversion: 059B1B470318F053F5077D5 
 0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown   r-----
    ns:0 nr:0 dw:464830 dr:1489 al:30 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:41024
"""  # noqa: W291
SYNCING = """\
version: 8.4.11 (api:1/proto:86-101)
srcversion: 059B1B470318F053F5077D5 
 0: cs:SyncTarget ro:Secondary/Primary ds:Inconsistent/UpToDate C r-----
    ns:0 nr:752 dw:446651 dr:1216 al:12 bm:0 lo:1 pe:88 ua:0 ap:0 ep:1 wo:f oos:41824
\t[>...................] sync'ed:  9.1% (41824/42576)K
\tfinish: 0:03:29 speed: 188 (188) want: 4,096 K/sec
"""  # noqa: W291
PRIMARY = "89808A247706B735:DBA0503F246936E9:0000000000000000:0000000000000000:1:1:1:0:0:0:0\n"
SECONDARY = "688D3E30A8E0453E:DBA0503F246936E8:0000000000000000:0000000000000000:1:1:0:0:0:0:0\n"
# While the second one is brought up to the first one's data.
SOURCE = "89808A247706B735:DBA1503F246936E9:DBA0503F246936E9:0000000000000000:1:1:1:1:0:1:0\n"
TARGET = "DBA1503F246936E8:0000000000000000:0000000000000000:0000000000000000:0:0:0:1:0:0:0\n"
VOLUME = """  {
      "report": [
          {
              "lv": [
             {"vg_name":"vg0", "lv_name":"files", "lv_size":"419430400", "vg_free":"650117120", "segtype":"linear"}
              ]
          }
      ]
  }
"""
SNAPSHOTS = """  {
      "report": [
          {
              "lv": [
                  {"vg_name":"vg0", "lv_name":"files-discarded-688d3e30", "origin":"files"}
              ]
          }
      ]
  }
"""
PARTED = (
    "1795421347.291059 mcu-2 kernel: drbd filestorage: peer( Primary -> Unknown )"
    " conn( Connected -> TearDown ) pdsk( UpToDate -> DUnknown ) \n"
)
CIB = b"""<cib><configuration><resources>
<clone id="ivcs-db-ms"><primitive id="ivcs-db" class="ocf" provider="live-cluster" type="postgresql"/></clone>
<clone id="filestorage-drbd-clone"><meta_attributes id="live-cluster-resolve-hold">
<nvpair id="h" name="live-cluster-resolve-keep" value="ivcs-main-1"/></meta_attributes>
<primitive id="filestorage-drbd" class="ocf" provider="linbit" type="drbd"><instance_attributes id="i">
<nvpair id="p" name="drbd_resource" value="filestorage"/></instance_attributes></primitive></clone></resources>
<constraints><rsc_location id="drbd-fence-by-handler-x"/></constraints></configuration></cib>"""


def test_the_device_s_state() -> None:
    alone = device_state(FileState(exists=True, content=SPLIT.encode()), 0)
    assert (alone.connection, alone.role, alone.peer_disk) == ("StandAlone", "Primary", "DUnknown")
    assert alone.out_of_sync_kib == 41024
    syncing = device_state(FileState(exists=True, content=SYNCING.encode()), 0)
    assert (syncing.synced_percent, syncing.remaining, syncing.out_of_sync_kib) == (9.1, "0:03:29", 41824)
    assert device_state(FileState(exists=False), 0) == DrbdState()
    assert not is_module_9(FileState(exists=True, content=SPLIT.encode()))
    assert is_module_9(FileState(exists=True, content=b"version: 9.2.4 (api:2/proto:86-121)\n"))
    assert device_state(CommandResult(returncode=0, stdout=b"[]"), 0) == DrbdState()


def test_generations_of_a_split_brain_and_of_its_end() -> None:
    primary, secondary = parse_identifiers(PRIMARY), parse_identifiers(SECONDARY)
    assert primary is not None
    assert secondary is not None
    assert relation(primary, secondary) is Relation.SPLIT
    source, target = parse_identifiers(SOURCE), parse_identifiers(TARGET)
    assert source is not None
    assert target is not None
    assert relation(source, target) is Relation.FIRST_NEWER
    assert relation(target, source) is Relation.SECOND_NEWER


def test_the_logical_volume_below() -> None:
    volume = parse_volume(VOLUME)
    assert volume == Volume(group="vg0", name="files", size=419430400, free=650117120)
    assert parse_snapshots(SNAPSHOTS, volume) == ("files-discarded-688d3e30",)
    assert parse_snapshots(SNAPSHOTS, None) == ()
    assert parse_volume("") is None
    assert parse_volume('{"report": [{"lv": []}]}') is None


def test_the_superblock_tells_when_the_files_were_mounted_and_written() -> None:
    block = bytearray(4096)
    # As od(1) showed it, from 1024 on.
    words = (0x19000, 0x63FCC, 0x4FFD, 0x5B22C, 0x18FF5, 1, 0, 0, 0x2000, 0x2000, 0x800, 0x6B03F48B)
    struct.pack_into("<14I", block, 1024, *words, 0x6B03F4B7, 0xFFFF0001)
    struct.pack_into("<I", block, 1024 + 56, 0x0001EF53)
    assert parse_superblock(bytes(block)) == Superblock(mounted_at=1795421323, written_at=1795421367)
    assert parse_superblock(bytes(4096)) is None
    assert parse_superblock(b"") is None


def test_when_the_connection_was_lost() -> None:
    assert parse_parted(PARTED) == 1795421347.291059
    assert parse_parted("") is None
    assert parse_parted("-- No entries --\n") is None


def test_changed_files_come_newest_first_and_keep_their_blanks() -> None:
    text = "1795421353.4570190730 41943040 one.webm\n1795421399.5 12 a/b c.txt\n"
    assert parse_changed(text) == (
        ChangedFile(path="a/b c.txt", size=12, modified_at=1795421399.5),
        ChangedFile(path="one.webm", size=41943040, modified_at=1795421353.457019073),
    )
    assert parse_changed("") == ()
    assert changed_request("/srv/files", 1795421347.9).argv[-3:-1] == ("@1795421347", "-printf")


def test_what_the_cluster_knows_of_it() -> None:
    assert clustered_drbd(CIB) == ClusteredDrbd(resource="filestorage", clone="filestorage-drbd-clone")
    assert clustered_drbd(b"<cib/>") is None
    assert clustered_drbd(b"") is None
    assert ids_in(CIB, "rsc_location") == ("drbd-fence-by-handler-x",)
    assert value_in(CIB, "live-cluster-resolve-keep") == "ivcs-main-1"
    assert (ids_in(b"", "clone"), value_in(b"", "x")) == ((), "")
