"""Processes that start before the module subprocess is loaded: outputs, exit codes, deadlines."""

import os
import sys

import pytest

from live_cluster.remote.early import start_early


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_both_outputs_and_the_exit_code() -> None:
    answer = start_early(("sh", "-c", "echo out; echo err >&2; exit 7")).finish()
    assert (answer.returncode, answer.stdout, answer.stderr) == (7, b"out\n", b"err\n")
    assert answer.text == "out\n"


def test_the_environment_is_fixed_and_nothing_stands_on_the_input() -> None:
    answer = start_early(
        ("sh", "-c", "cat; env | cut -d= -f1 | grep -v -e PWD -e _ -e SHLVL | sort")
    ).finish()
    assert answer.text.split() == ["HOME", "PATH"]
    assert start_early(("sh", "-c", "echo $LC_ALL")).finish().text == "C.UTF-8\n"


@pytest.mark.parametrize("size", [0, 1, 1 << 16, 5_000_000])
def test_outputs_of_any_size_arrive_whole(size: int) -> None:
    program = f"import sys; sys.stderr.write('e' * {size}); sys.stdout.write('o' * {size})"
    answer = start_early(python(program)).finish()
    assert (answer.stdout, answer.stderr) == (b"o" * size, b"e" * size)


def test_a_process_that_hangs_is_ended() -> None:
    answer = start_early(("sh", "-c", "echo before; exec sleep 600")).finish(timeout_s=0.5)
    assert (answer.returncode, answer.stdout) == (124, b"before\n")


def test_a_process_ended_by_a_signal() -> None:
    assert start_early(("sh", "-c", "kill -TERM $$")).finish().returncode == -15


def test_a_broken_pipe_ends_a_child_as_usual() -> None:
    answer = start_early(("bash", "-c", "yes | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}")).finish()
    assert answer.text == "141\n"


def test_several_at_once_do_not_hold_each_other() -> None:
    works = [start_early(("sh", "-c", f"echo {number}")) for number in range(8)]
    assert [work.finish().text for work in reversed(works)] == [
        f"{number}\n" for number in reversed(range(8))
    ]


def test_no_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    start_early(("true",)).finish()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_command_that_does_not_exist() -> None:
    with pytest.raises(FileNotFoundError):
        start_early(("no-such-command-here",))
    with pytest.raises(FileNotFoundError):
        start_early(("/no/such/command",))
