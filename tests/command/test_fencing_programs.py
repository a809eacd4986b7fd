"""The programs that hand a fencing device's password over: seen by the agent, and by nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from live_cluster.model.fence_metadata import AgentMetadata, parse_metadata
from live_cluster.model.settings import FenceDevice, Secret
from live_cluster.plan.fencing_steps import HeadDevice
from live_cluster.remote.local import run_local

METADATA = Path(__file__).parents[1] / "recordings/fence_agents/bookworm"
PASSWORDS = ["plain", 'it\'s "quoted" $HOME `id` 100%', "-P", "with  two spaces", "пароль \\ n"]
# What Debian's fence_ipmilan runs for a device without a password of its own.
AGENT_ARGUMENTS = ("-I", "lanplus", "-H", "192.0.2.201", "-U", "an admin", "-P", "", "-C", "3")
ORDER = ("chassis", "power", "status")


def device(agent: str, password: str, **parameters: str) -> HeadDevice:
    metadata: AgentMetadata | None = parse_metadata((METADATA / f"{agent}.xml").read_text("utf-8"))
    assert metadata is not None
    written = FenceDevice(agent=agent, parameters=tuple(parameters.items()), password=Secret(password))
    return HeadDevice(head="ivcs-main-1", peer="ivcs-main-2", number=1, device=written, metadata=metadata)


def installed(one: HeadDevice, folder: Path) -> Path:
    (file,) = one.secret_file(str(folder))
    assert file.mode == 0o700
    path = Path(file.path)
    path.write_bytes(file.content)
    path.chmod(file.mode)
    return path


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_agent_reads_the_password_from_the_program(password: str, tmp_path: Path) -> None:
    program = installed(device("fence_redfish", password), tmp_path)
    printed = run_local([str(program)]).stdout
    assert printed.decode() == password + "\n"


@pytest.mark.parametrize("password", PASSWORDS)
def test_ipmitool_gets_the_password_in_its_environment_only(password: str, tmp_path: Path) -> None:
    fake = tmp_path / "ipmitool"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$IPMI_PASSWORD" "$@"\n')
    fake.chmod(0o755)
    program = installed(device("fence_ipmilan", password, ipmitool_path=str(fake)), tmp_path)
    argv = [str(program), *AGENT_ARGUMENTS, *ORDER]
    lines = run_local(argv).stdout.decode().split("\n")
    assert lines[0] == password
    assert lines[1:-1] == ["-I", "lanplus", "-H", "192.0.2.201", "-U", "an admin", "-E", "-C", "3", *ORDER]
