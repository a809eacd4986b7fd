"""Orders for a repair, and which of two that are there at once counts."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from live_cluster_agent.parameters import read_parameters
from live_cluster_agent.rejoin_request import (
    HALF_REWOUND,
    LOCK,
    RECLONE,
    REPAIR,
    REWIND_WANTED,
    RejoinRequest,
)

ENVIRONMENT = {
    "OCF_RESOURCE_INSTANCE": "ivcs-db:0",
    "OCF_RESKEY_pgdata": "/var/lib/postgresql/15/main",
    "OCF_RESKEY_bindir": "/usr/lib/postgresql/15/bin",
    "OCF_RESKEY_config_file": "/etc/postgresql/15/main/postgresql.conf",
    "OCF_RESKEY_node_addresses": "ivcs-main-1=10.81.1.1 ivcs-main-2=10.81.1.2",
}


@pytest.fixture
def request_here(tmp_path: Path) -> RejoinRequest:
    environment = ENVIRONMENT | {"OCF_RESKEY_state_dir": str(tmp_path)}
    return RejoinRequest(read_parameters(environment, node="ivcs-main-1"))


@pytest.mark.parametrize(
    ("reclone", "repair", "copies"),
    [
        (None, "it is diverged", False),
        (None, REWIND_WANTED, False),
        ("4 commits made alone are not on the primary", None, True),
        ("4 commits made alone are not on the primary", "it is diverged", True),
        ("4 commits made alone are not on the primary", REWIND_WANTED, False),
        ("", REWIND_WANTED, False),
        (HALF_REWOUND, REWIND_WANTED, True),
    ],
)
def test_an_administrator_may_want_a_rewind_instead_of_a_copy_that_has_not_begun(
    request_here: RejoinRequest, reclone: str | None, repair: str | None, copies: bool
) -> None:
    for name, text in ((RECLONE, reclone), (REPAIR, repair)):
        if text is not None:
            Path(request_here.path(name)).write_text(f"{text}\n")
    assert request_here.pending
    assert request_here.copy_wanted is copies


def test_a_rewind_that_is_impossible_is_not_ordered_for_ever(request_here: RejoinRequest) -> None:
    for before in (False, True):
        if before:
            request_here.order_reclone("3 commits made alone are not on the primary")
        Path(request_here.path(REPAIR)).write_text(f"{REWIND_WANTED}\n")
        request_here.order_reclone("the data was written without wal_log_hints and checksums")
        assert request_here.copy_wanted
        assert not request_here.rewind_wanted


@pytest.mark.parametrize(
    ("state", "decided"),
    [("checking", False), ("waiting", False), ("failed", False), ("copying", True), ("rewinding", True)],
)
def test_a_repair_that_waits_may_take_another_way(
    request_here: RejoinRequest, state: str, decided: bool
) -> None:
    request_here.report(state, "…")
    assert not request_here.decided
    with request_here.working() as mine:
        assert mine
        assert request_here.decided is decided
    with Path(request_here.path(LOCK)).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
