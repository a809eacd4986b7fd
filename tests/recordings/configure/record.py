"""Records runs of `configure` and `timeouts` on a fresh lab: .venv/bin/python tests/recordings/configure/record.py

Takes two minutes for each Debian release. The product is built from the working tree before.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

from deb_builder.process import run as run_here  # noqa: E402

from live_cluster.model.service_secrets import SERVICE_SECRETS_FILE, ServiceSecrets  # noqa: E402
from live_cluster.model.settings import Secret  # noqa: E402
from live_lab import Host, Lab  # noqa: E402

RECORDER = "/root/recorder.py"
PASSPHRASE = "/root/passphrase"
# Planted before the first run, so that no secret of value can get into a recording.
SECRETS = ServiceSecrets(
    authkey=bytes(range(256)), replication=Secret("recorded-replication"), smb=Secret("recorded-smb")
)
ARGUMENTS = (
    "--head-node-1-ip", "10.81.0.1", "--head-node-1-secondary-ip", "10.81.1.1",
    "--head-node-2-ip", "10.81.0.2", "--head-node-2-secondary-ip", "10.81.1.2",
    "--public-ip", "10.81.0.100", "--filestorage-ip", "10.81.0.101", "--database-ip", "10.81.0.102",
    "--filestorage-device", "/dev/lun", "--media-node-1-ip", "10.81.0.11",
)  # fmt: skip


def record(release: str) -> Path:
    """One lab, one recording."""
    packages = ROOT / "build/recording" / release
    run_here(str(ROOT / "packaging/build"), "--release", release, "--out", str(packages))
    os.environ["LIVE_LAB_DIST"] = str(packages)
    with Lab.up(name=f"rec-{release[:4]}", release=release, media=1) as lab:
        head = lab.host("main-1")
        prepare(head, others=(lab.host("main-2"), lab.host("media-0")))
        argv = ("/usr/bin/python3", "-IS", RECORDER, *ARGUMENTS, "--passphrase-file", PASSPHRASE)
        finished = head.run(argv, timeout_s=1200, check=False)
    sys.stderr.write(finished.stderr)
    if json.loads(finished.stdout)["exit_codes"] != [0, 0, 0]:
        sys.exit("the runs failed: nothing is kept")
    path = HERE / f"{release}.json"
    path.write_text(finished.stdout, "utf-8")
    return path


def prepare(head: Host, others: tuple[Host, Host]) -> None:
    """Access to all servers, and everything that the recorder needs on the head."""
    head.run(("install", "-d", "-m", "0755", str(Path(SERVICE_SECRETS_FILE).parent)))
    head.write(SERVICE_SECRETS_FILE, SECRETS.to_toml(), mode=0o600)
    head.write(RECORDER, (HERE / "recorder.py").read_text("utf-8"))
    unlock = ("live-configure", "unlock-configurator")
    passphrase = head.run((*unlock, "--generate")).stdout
    head.write(PASSPHRASE, passphrase, mode=0o600)
    for host in others:
        host.run((*unlock, "--passphrase-file", "-"), stdin=passphrase)


if __name__ == "__main__":
    for name in sys.argv[1:] or ("bookworm", "trixie"):
        sys.stdout.write(f"{record(name)}\n")
