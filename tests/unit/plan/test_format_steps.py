"""A file system is made once, on an empty device, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

from plan_case import blueprint, facts, settings, with_head

from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.storage_orders import StorageOrders
from live_cluster.plan.format_steps import format_steps
from live_cluster.plan.step import Impact, Replies, Step
from live_cluster.probes.block_device import BEGUN_MARK, SECTOR
from live_cluster.remote.requests import Command, CommandResult

EMPTY = BlockDeviceFacts(
    exists=True, path="/dev/lun", node="sdb", kind="disk", capacity_bytes=2**30, is_zero=True
)
UUID = "0c7f2c3e-1d43-4b3c-8e1a-93a3f3f1a001"
ORDERS = StorageOrders(may_format=True, new_uuid=UUID)
NOTHING = CommandResult(returncode=2)
OURS = CommandResult(returncode=0, stdout=f"TYPE=ext4\nUUID={UUID}\n".encode())
ZEROS = CommandResult(returncode=0)
DIFFERS = CommandResult(returncode=1)
NO_MARK = CommandResult(returncode=0, stdout=bytes(SECTOR))
MARK = CommandResult(returncode=0, stdout=BEGUN_MARK)


def steps(device: BlockDeviceFacts = EMPTY, orders: StorageOrders = ORDERS) -> tuple[Step, ...]:
    seen = with_head(with_head(facts(), 1, storage=device), 2, storage=device)
    return format_steps(blueprint(seen, replace(settings(), storage_orders=orders)))


def replies(found: CommandResult, mark: CommandResult, *samples: CommandResult) -> Replies:
    return (found, mark, *samples)


def programs(step: Step, seen: Replies) -> list[str]:
    return [one.argv[0] for one in step.actions(seen) if isinstance(one, Command)]


def test_it_is_made_on_the_first_head_and_seen_on_the_second() -> None:
    made, seen = steps()
    assert [made.node, seen.node] == ["ivcs-main-1", "ivcs-main-2"]
    assert (made.impact, seen.impact) == (Impact.REPLACES_DATA, Impact.NONE)
    assert made.asks is not None
    assert made.asks.field("uuid") == UUID
    for step in (made, seen):
        assert step.check.holds((OURS, NO_MARK, ZEROS))
        assert not step.check.holds((NOTHING, NO_MARK, ZEROS))
        assert not step.check.holds((replace(OURS, stdout=b"TYPE=ext4\nUUID=other\n"), NO_MARK, ZEROS))


def test_nobody_asked_for_it_or_something_is_there() -> None:
    assert steps(orders=StorageOrders(new_uuid=UUID)) == ()
    assert steps(replace(EMPTY, filesystem="ext4")) == ()
    assert steps(replace(EMPTY, partitions="gpt")) == ()


def test_the_mark_comes_before_and_goes_afterwards() -> None:
    made, _ = steps()
    actions = [
        one for one in made.actions(replies(NOTHING, NO_MARK, ZEROS, ZEROS)) if isinstance(one, Command)
    ]
    assert [one.argv[0] for one in actions] == ["dd", "mkfs.ext4", "dd"]
    before, make, after = actions
    assert (before.stdin, after.stdin) == (BEGUN_MARK, bytes(SECTOR))
    assert before.argv == after.argv
    assert f"seek={2**30 // SECTOR - 1}" in before.argv
    # A name without a device must not become a file.
    assert any("nocreat" in word for word in before.argv)
    assert make.argv[-3:] == ("-U", UUID, "/dev/lun")
    assert "-F" not in make.argv


def test_what_came_onto_it_meanwhile_stays() -> None:
    made, _ = steps()
    assert programs(made, replies(NOTHING, NO_MARK, ZEROS, DIFFERS)) == []
    assert programs(made, replies(OURS, NO_MARK, ZEROS)) == []
    # blkid(8) knows several signatures, or could not read.
    for code in (1, 8, 127):
        assert programs(made, replies(CommandResult(returncode=code), NO_MARK, ZEROS)) == []


def test_an_interrupted_runs_work_is_begun_anew() -> None:
    made, _ = steps(replace(EMPTY, is_zero=False, is_begun=True))
    assert "mkfs.ext4" in programs(made, replies(NOTHING, MARK, DIFFERS, DIFFERS))


def test_samples_cover_both_ends() -> None:
    made, _ = steps()
    looks = [one for one in made.check.requests if isinstance(one, Command) and one.argv[0] == "cmp"]
    offsets = [word.partition("=")[2] for one in looks for word in one.argv if "--ignore-initial" in word]
    assert (offsets[0], offsets[-1], len(offsets)) == ("0:0", f"{2**30 - 2**20}:0", 16)
