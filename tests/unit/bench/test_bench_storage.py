"""Write throughput: what dd and smbclient say, one kind of storage on a pair, and all kinds one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, cast

import pytest
from bench import rounds
from bench.figures import NSPAWN, VM, Notebook
from bench.rounds import QUICK, Bench, Extent
from bench.storage import (
    BYTES,
    ON_MACHINES,
    ON_NSPAWN,
    WAYS,
    Storage,
    measure_storage,
    rate_of_dd,
    rate_of_smbclient,
)

from live_lab import Completed, Lab, LabError, Scheme
from live_lab.lab import LabWish
from live_lab.topology import check_name

# coreutils 9.1; Samba 4.17.12 and 4.22.11 say the same.
DD = "64+0 records in\n64+0 records out\n67108864 bytes (67 MB, 64 MiB) copied, 0.5 s, 134 MB/s\n"
SMBCLIENT = "putting file /root/throughput.bin as \\throughput.bin (20480.0 kb/s) (average 20480.1 kb/s)\n"
SAN, DRBD = ON_MACHINES[:2]


def status(active: str = "ivcs-main-2", *, healthy: bool = True, peer_disk: str = "UpToDate") -> str:
    return json.dumps(
        {
            "resources": [
                {"id": "filestorage-drbd", "node": "ivcs-main-1"},
                {"id": "filestorage-fs", "node": active},
            ],
            "drbd": {"connection": "Connected", "here": {"disk": "UpToDate"}, "there": {"disk": peer_disk}},
            "verdict": {
                "healthy": healthy,
                "reasons": [] if healthy else [{"code": "health-resync", "message": ""}],
            },
        }
    )


@dataclass
class FakeHost:
    """Answers as the programs do; `done` has the commands that matter here, of all hosts."""

    name: str
    done: list[str]
    states: list[str] = field(default_factory=list)
    size: int = BYTES

    @property
    def addresses(self) -> dict[str, str]:
        return {"bond0": f"{self.name}-a", "bond1": f"{self.name}-b"}

    def run(self, argv: Sequence[str], **_: object) -> Completed:
        text = " ".join(argv)
        output, errors = "", ""
        if text.startswith("live-cluster status"):
            # The last state stays.
            output = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        elif argv[0] == "/usr/bin/python3":
            wish = json.loads(argv[-1])
            self.note(" ".join(wish["commands"][0]))
            run = {"seconds": 1, "processor_seconds": 1, "exit_code": 0, "output": "{}", "errors": ""}
            output = json.dumps({"turns": [[run]]})
        elif argv[0] == "live-configure":
            output = "one two three"
        elif argv[0] == "runuser":
            self.note(text)
            errors = DD
        elif argv[0] == "smbclient":
            self.note(text)
            errors = SMBCLIENT
        elif argv[0] == "stat":
            output = f"{self.size}\n"
        elif argv[0] in ("rm", "sync"):
            self.note(text)
        return Completed(returncode=0, stdout=output, stderr=errors)

    def note(self, text: str) -> None:
        self.done.append(f"{self.name}: {text}")

    def read(self, path: str) -> str:
        assert path == "/etc/live-cluster/service-secrets.toml"
        return 'smb = "secret"\n'

    def write(self, path: str, _: str, mode: int = 0o644) -> None:
        assert mode == 0o600, path


class FakeLab:
    """Two heads, of which the first is asked for the state, and a media server."""

    def __init__(self, *states: str, size: int = BYTES) -> None:
        self.done: list[str] = []
        first = FakeHost("ivcs-main-1", self.done, list(states), size)
        self.heads = [first, FakeHost("ivcs-main-2", self.done, size=size)]
        self.media = [FakeHost("ivcs-media-0", self.done)]

    def host(self, name: str) -> FakeHost:
        return next(one for one in self.heads if one.name == name)

    def measured(self, storage: Storage, runs: int = 1) -> Notebook:
        notebook = Notebook()
        measure_storage(cast("Lab", self), notebook, storage, runs, lambda _: None)
        return notebook


def test_the_speed_is_that_of_the_programs_own_clocks() -> None:
    assert rate_of_dd(DD) == 128.0
    assert rate_of_smbclient(SMBCLIENT) == 20.0
    assert rate_of_dd(DD.replace("0.5 s", "6.4e+01 s")) == 1.0


@pytest.mark.parametrize("said", ["", "67108863 bytes (67 MB, 64 MiB) copied, 0.5 s, 134 MB/s\n"])
def test_a_write_that_was_not_all_is_no_figure(said: str) -> None:
    with pytest.raises(LabError, match="67108864 bytes"):
        rate_of_dd(said)


def test_a_client_that_says_nothing_gives_no_figure() -> None:
    with pytest.raises(LabError, match="NT_STATUS_IO_TIMEOUT"):
        rate_of_smbclient("cli_push returned NT_STATUS_IO_TIMEOUT\n")


def test_every_run_writes_a_new_file_on_the_head_that_has_the_files_and_then_by_smb() -> None:
    lab = FakeLab(status(healthy=False), status())
    notebook = lab.measured(DRBD, runs=2)
    assert notebook.runs == {"storage.vm.drbd.fsync": [128.0, 128.0], "storage.vm.drbd.smb": [20.0, 20.0]}
    configured, *written = lab.done
    assert "--filestorage-device drbd:/dev/disk/by-id/lab-local --token 10000" in configured
    assert "--media-node-1-ip ivcs-media-0-a" in configured
    file, sent = "/srv/filestorage/throughput.bin", "/root/throughput.bin"
    share = "//10.81.0.101/filestorage"
    clear = [f"ivcs-main-2: rm -f {file}", "ivcs-main-2: sync --file-system /srv/filestorage"]
    one_run = [
        *clear,
        f"ivcs-main-2: runuser -u ivcs -- dd if=/dev/zero of={file} bs=1M count=64 conv=fsync",
        *clear,
        f"ivcs-media-0: smbclient -A /root/smb-account -t 600 -c put {sent} throughput.bin {share}",
    ]
    assert written == [*one_run, *one_run, *clear]


@pytest.mark.parametrize(
    ("after", "size", "problem"),
    [
        (status(active="ivcs-main-1"), BYTES, "moved"),
        (status(peer_disk="Outdated"), BYTES, "second copy"),
        (status(active=""), BYTES, "moved"),
        ('{"problems": [{"code": "cluster-not-running"}]}', BYTES, "cluster-not-running"),
        ("", BYTES, "no JSON"),
        (status(), BYTES - 1, "67108863"),
    ],
)
def test_figures_of_a_pair_that_changed_on_the_way_are_not_taken(after: str, size: int, problem: str) -> None:
    notebook = Notebook()
    with pytest.raises(LabError, match=problem):
        measure_storage(cast("Lab", FakeLab(status(), after, size=size)), notebook, DRBD, 1, lambda _: None)
    assert list(notebook) == []


def test_a_pair_without_a_mirrored_disk_has_none_to_lose() -> None:
    state = json.dumps({**json.loads(status()), "drbd": None})
    assert FakeLab(state).measured(SAN).runs == {
        "storage.vm.san.fsync": [128.0],
        "storage.vm.san.smb": [20.0],
    }


# -- all kinds, one lab after the other -------------------------------------------------------------------------


class FakeLabs:
    """Stands for the class Lab; `fail` names the labs in which something goes wrong."""

    def __init__(self, *fail: str) -> None:
        self.fail = fail
        self.wishes: dict[str, LabWish] = {}
        self.up: list[str] = []

    def create(self, name: str, wish: LabWish, _: Callable[[str], None]) -> FakeOneLab:
        # Never two at once.
        assert self.up == []
        assert name not in self.wishes
        self.wishes[check_name(name)] = wish
        self.up.append(name)
        return FakeOneLab(self, name)


@dataclass
class FakeOneLab:
    labs: FakeLabs
    name: str
    heads: tuple[str, str] = ("", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.labs.up.remove(self.name)

    def collect_logs(self, _: object) -> None:
        assert self.name in self.labs.fail


def carried_out(monkeypatch: pytest.MonkeyPatch, labs: FakeLabs, extent: Extent) -> Bench:
    def measure(lab: Any, notebook: Notebook, one: Storage, runs: int, say: object) -> None:
        if lab.name in labs.fail:
            raise LabError("no space left")
        for way in WAYS:
            notebook.note(one.figure(way), *[1.0] * runs)

    monkeypatch.setattr(rounds, "Lab", labs)
    monkeypatch.setattr(rounds, "versions_on", lambda _: {"live-cluster": "0"})
    monkeypatch.setattr(rounds.storage, "measure_storage", measure)
    bench = Bench(extent=extent, release="trixie", parts=frozenset({"storage"}), say=lambda _: None)
    bench.carry_out()
    return bench


def test_each_kind_has_a_lab_of_its_own_and_only_machines_have_all_kinds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labs = FakeLabs()
    bench = carried_out(monkeypatch, labs, Extent())
    assert bench.failures == []
    assert {name: wish.scheme for name, wish in labs.wishes.items()} == {
        "bsan": None, "bvm-san": Scheme.FULL, "bvm-drbd": Scheme.FULL, "bvm-cifs": Scheme.FULL,
        "bvm-nfs": Scheme.FULL,
    }  # fmt: skip
    assert all(wish.has_nas == (wish.scheme is not None) for wish in labs.wishes.values())
    assert {wish.image.release for wish in labs.wishes.values()} == {"trixie"}
    assert bench.notebook.runs["storage.nspawn.san.smb"] == [1.0] * 5
    assert len(bench.notebook.runs) == 2 * len((*ON_NSPAWN, *ON_MACHINES))


def test_a_kind_that_fails_is_told_and_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    labs = FakeLabs("bvm-drbd")
    bench = carried_out(monkeypatch, labs, QUICK)
    assert bench.failures == ["file storage: drbd on vm: no space left"]
    assert labs.up == []
    assert bench.notebook.runs == {
        one.figure(way): [1.0]
        for one in (*ON_NSPAWN, *ON_MACHINES)
        if (one.kind, one.host) != ("drbd", VM)
        for way in WAYS
    }


def test_the_kind_of_host_is_in_every_name() -> None:
    assert all(f".{one.host}." in one.figure(way) for one in (*ON_NSPAWN, *ON_MACHINES) for way in WAYS)
    assert {one.host for one in ON_NSPAWN} == {NSPAWN}
    assert {one.host for one in ON_MACHINES} == {VM}
