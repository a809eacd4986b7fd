"""What DRBD's module and tools print, as values."""

from __future__ import annotations

from live_cluster.model.drbd import DrbdState
from live_cluster.probes.drbd import module_version, parse_identifiers, parse_proc

# Module 8.4.11, as its drbd_proc.c prints it; the numbers are made up.
SYNCING = """\
version: 8.4.11 (api:1/proto:86-101)
srcversion: 211FB288A383ED945B83420

 0: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:5136 nr:0 dw:0 dr:6112 al:0 bm:0 lo:0 pe:3 ua:0 ap:0 ep:1 wo:f oos:257012
\t[>....................] sync'ed:  2.3% (257012/262144)K
\tfinish: 0:01:40 speed: 2,564 (2,500) want: 10,240 K/sec
 1: cs:Unconfigured
 2: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s---d-
    ns:0 nr:0 dw:4 dr:1024 al:1 bm:0 lo:0 pe:0 ua:0 ap:1 ep:1 wo:f oos:8
 3: cs:Connected ro:Secondary/Secondary ds:UpToDate/UpToDate C r-----
    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
"""


def test_a_copy_under_way_tells_how_far_it_is() -> None:
    assert parse_proc(SYNCING)[0] == DrbdState(
        connection="SyncSource",
        role="Primary",
        peer_role="Secondary",
        disk="UpToDate",
        peer_disk="Inconsistent",
        out_of_sync_kib=257012,
        synced_percent=2.3,
        remaining="0:01:40",
        kib_per_second=2564,
    )


def test_what_is_not_configured_is_not_there() -> None:
    assert set(parse_proc(SYNCING)) == {0, 2, 3}
    assert parse_proc("") == {}


def test_suspended_writes_and_whole_pairs_are_seen() -> None:
    states = parse_proc(SYNCING)
    assert (states[2].is_suspended, states[2].talks, states[2].is_whole) == (True, False, False)
    assert (states[3].is_suspended, states[3].talks, states[3].is_whole) == (False, True, True)
    assert states[0].talks
    assert not states[0].is_whole


def test_the_modules_version_is_known_where_it_is_loaded() -> None:
    assert module_version(SYNCING) == "8.4.11"
    assert module_version("") == ""


def test_identifiers_tell_new_metadata_from_data() -> None:
    # drbdmeta 9.22 right after create-md; then a former primary's, whose peer it has fenced.
    new = parse_identifiers("0000000000000004:" + "0000000000000000:" * 3 + "0:0:0:0:0:0:0\n")
    assert new is not None
    assert new.is_new
    used = parse_identifiers(
        "7622BD9FADB3F245:F41008BDA13DED73:F41008BDA13DED72:0001000000000000:1:1:1:0:1:0:0\n"
    )
    assert used is not None
    assert not used.is_new
    assert (used.current, used.bitmap) == ("7622BD9FADB3F244", "F41008BDA13DED72")
    assert used.history == ("F41008BDA13DED72", "0001000000000000")
    assert (used.was_up_to_date, used.was_primary, used.was_connected) == (True, True, False)
    assert used.peer_is_outdated


def test_a_disk_without_metadata_has_none() -> None:
    assert parse_identifiers("No valid meta data found\n") is None
    assert parse_identifiers("") is None
