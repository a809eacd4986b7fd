"""Labs beside each other, and what is left of one: nothing is shared, nothing stays behind."""

import os
import re
import sys
from collections.abc import Iterator

import pytest
from lab_remains import answers, traces

from live_lab import Background, Completed, Lab, wait_until
from live_lab.places import Places

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(name="beside", media=1, with_product=False) as lab:
        yield lab


@pytest.fixture(scope="module")
def other() -> Iterator[Lab]:
    with Lab.up(name="other", media=0, with_product=False) as lab:
        yield lab


def test_two_labs_do_not_see_each_other(lab: Lab, other: Lab) -> None:
    mine, theirs = lab.host("main-1"), other.host("main-1")
    mine.write("/root/mine", "x")
    assert theirs.run(("test", "-e", "/root/mine"), check=False).returncode == 1
    assert not answers(theirs, "10.81.0.11")  # only the first lab has a media host
    theirs.power_off()
    assert mine.is_running
    assert answers(lab.client, "10.81.0.1")
    assert not answers(other.client, "10.81.0.1")
    theirs.power_on()


def test_a_lab_of_a_living_process_is_not_taken_away(lab: Lab) -> None:
    attempt = Background(
        (sys.executable, "-m", "live_lab", "up", "--name", lab.name, "--without-product")
    ).wait()
    assert attempt.returncode == 1
    assert f"belongs to process {os.getpid()}" in attempt.stderr
    assert all(host.is_running for host in lab.hosts.values())


KILLED_RUN = """
import signal
from live_lab import Lab
lab = Lab.up(name="killed", media=0, with_product=False)
print("up", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("moment", ["while it boots", "when it is up"])
def test_the_remains_of_a_killed_run_are_removed_by_the_next(moment: str) -> None:
    places = Places(lab="killed")
    killed = Background((sys.executable, "-c", KILLED_RUN))
    if moment == "while it boots":
        wait_until(lambda: places.host_state("client").exists(), deadline_s=600, what="hosts get power")
    else:
        wait_until(lambda: "up" in killed.stdout, deadline_s=600, what="the lab is up")
    killed.kill()
    assert traces("killed")
    with Lab.up(name="killed", media=0, with_product=False) as lab:
        assert answers(lab.client, "10.81.0.1")
    assert traces("killed") == []


def test_the_command_for_people() -> None:
    def command(*arguments: str) -> Completed:
        return Background((sys.executable, "-m", "live_lab", *arguments)).wait()

    name = ("--name", "cli")
    assert command("up", *name, "--media", "0", "--without-product").returncode == 0
    try:
        again = command("up", *name)
        assert again.returncode == 1
        assert "./lab down --name cli" in again.stderr
        assert re.search(
            r"ivcs-main-2 +on +bond0 10.81.0.2 +bond1 10.81.1.2", command("status", *name).stdout
        )
        assert command("exec", *name, "main-1", "--", "sh", "-c", "hostname; exit 7").stdout == "mcu-1\n"
        assert command("exec", *name, "main-1", "sh", "-c", "exit 7").returncode == 7
        assert command("cut", *name, "main-1", "bond1").returncode == 0
        assert command("heal", *name, "main-1", "bond1").returncode == 0
        assert command("power-off", *name, "main-2").returncode == 0
        assert "ivcs-main-2    off" in command("status", *name).stdout
        assert "power it on first" in command("exec", *name, "main-2", "true").stderr
        assert command("power-on", *name, "main-2").returncode == 0
        assert command("exec", *name, "main-2", "true").returncode == 0
        assert "has no host nobody" in command("exec", *name, "nobody", "true").stderr
    finally:
        assert command("down", *name).returncode == 0
    assert traces("cli") == []
    assert "there is no lab cli" in command("status", *name).stderr
