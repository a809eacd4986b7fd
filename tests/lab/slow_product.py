"""A product that takes its time to stop: it writes its last rows into the database then. By a profile alone."""

from __future__ import annotations

import signal
from types import TracebackType
from typing import Self

from cluster import Cluster

from live_lab import Background, Host, Lab
from live_lab.image import ImageWish
from live_lab.lab import LabWish
from live_lab.recipe import default_release

LAST_ROWS = 20
PROFILE = "/root/ledger.toml"
OPTIONS = (
    "--head-node-1-ip", "10.81.0.1", "--head-node-1-secondary-ip", "10.81.1.1",
    "--head-node-2-ip", "10.81.0.2", "--head-node-2-secondary-ip", "10.81.1.2",
    "--public-ip", "10.81.0.100", "--database-ip", "10.81.0.102",
)  # fmt: skip
# As long as this file is there, it does not end when it is told to.
HANG = "/run/ledger-hang"
# As long as this one is there, its mate does not start.
BROKEN = "/run/mate-broken"
BROKEN_WORDS = "the spool cannot be opened"

_PROFILE = """\
product = "Ledger"
[installed]
units = ["ledger.service"]
paths = ["/etc/ledger/pgpass"]
[hostnames]
head = "ledger-{n}"
[resources]
database_group = "db-group"
database_address = "db-ip"
database = "db"
database_clone = "db-clone"
application_group = "ledger-group"
application_address = "ledger-ip"
diskspace = "diskspace"
diskspace_clone = "diskspace-clone"
monitor = "monitor"
monitor_clone = "monitor-clone"
[[clustered_services]]
resource = "ledger"
unit = "ledger"
%s
[database]
name = "ledger"
owner = "ledger"
port = 5432
user_data_query = "SELECT count(*) FROM rows"
[second_head]
files_from_first_head = ["/etc/ledger/pgpass"]
[[files]]
path = "/etc/ledger/database"
owner = "root"
group = "root"
mode = "0644"
template = '''
{{ database_ip }}
'''
"""
_MATE = """\
[[clustered_services]]
resource = "mate"
unit = "mate"
"""
# Each life of the program is a row, and so is each second of its end; the last one says that this was all.
_PROGRAM = f"""\
#!/bin/sh
export PGPASSFILE=/etc/ledger/pgpass PGCONNECT_TIMEOUT=3
put() {{
    psql -XAtq -v ON_ERROR_STOP=1 -h "$(cat /etc/ledger/database)" -d ledger -U ledger \\
        -c "INSERT INTO rows (life, what) VALUES ('$life', '$1')"
}}
life=$(cat /proc/sys/kernel/random/uuid)
told=''
trap 'told=1' TERM
until put started; do sleep 0.5; [ -z "$told" ] || exit 0; done
while [ -z "$told" ]; do sleep 0.2; done
while [ -e {HANG} ]; do sleep 0.2; done
n=0
while [ $n -lt {LAST_ROWS} ]; do
    n=$((n + 1))
    put "last $n" || exit 1
    sleep 1
done
put ended
"""
_UNIT = """\
[Unit]
Description=Ledger
After=postgresql.service
[Service]
User=daemon
ExecStart=/usr/local/bin/ledger
# The signal is for the program alone: the programs that it has started may end.
KillMode=mixed
TimeoutStopSec=40
"""
_MATE_UNIT = f"""\
[Service]
User=daemon
ExecStart=/bin/sh -c 'if test -e {BROKEN}; then echo {BROKEN_WORDS} >&2; exit 1; fi; exec sleep infinity'
"""
_INSTALL = """\
set -eu
systemctl disable --now --quiet iptables-config
iptables --policy INPUT ACCEPT
iptables --flush INPUT
psql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
psql -c "CREATE ROLE ledger LOGIN PASSWORD 'of the ledger'" -c "CREATE DATABASE ledger OWNER ledger"
psql -d ledger -c "SET ROLE ledger" -c "CREATE TABLE rows (at timestamptz DEFAULT now(), life text, what text)"
chown daemon /etc/ledger/pgpass
systemctl daemon-reload
"""


def ledger_lab(name: str) -> Lab:
    """Two heads with the product installed, as its administrator would."""
    image = ImageWish(release=default_release(), has_application=False)
    lab = Lab.create(name, LabWish(image=image, media=0))
    for head in lab.heads:
        head.write("/usr/local/bin/ledger", _PROGRAM, mode=0o755)
        head.write("/etc/systemd/system/ledger.service", _UNIT)
        head.write("/etc/systemd/system/mate.service", _MATE_UNIT)
        head.run(("mkdir", "/etc/ledger"))
        head.write("/etc/ledger/pgpass", "*:*:*:ledger:of the ledger\n", mode=0o600)
        head.write("/etc/ledger/database", "127.0.0.1\n")
        head.run(("sh", "-c", _INSTALL))
    return lab


def put_profile(cluster: Cluster, *, with_mate: bool = False) -> None:
    """The profile on the first head, with or without the second service."""
    cluster.lab.heads[0].write(PROFILE, _PROFILE % (_MATE if with_mate else ""))


def rows(head: Host) -> dict[str, list[str]]:
    """What each life has written, as this head's server knows it."""
    argv = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "ledger")
    found: dict[str, list[str]] = {}
    for line in head.run(argv, stdin="SELECT life, what FROM rows ORDER BY at").stdout.splitlines():
        life, _, what = line.partition("|")
        found.setdefault(life, []).append(what)
    return found


WHOLE_LIFE = ["started", *(f"last {n}" for n in range(1, LAST_ROWS + 1)), "ended"]

# Five looks a second; the hosts of a lab have one clock.
_LOOKS = """
import os, sys, time
name = sys.argv[1]
def runs():
    for number in os.listdir("/proc"):
        if number.isdigit():
            try:
                with open(f"/proc/{number}/cmdline") as file:
                    words = file.read().split("\\0")
            except OSError:
                continue
            if name in words[:3]:
                return True
    return False
while True:
    began = time.time()
    seen = runs()
    print(f"{began:.3f} {time.time():.3f} {int(seen)}", flush=True)
    time.sleep(max(0.0, began + 0.2 - time.time()))
"""


class Looks:
    """A context manager: where a program (its path) runs, looked at five times a second on each head."""

    def __init__(self, heads: list[Host], program: str) -> None:
        self._heads, self._program = heads, program
        self._works: list[tuple[Host, Background]] = []

    def __enter__(self) -> Self:
        for head in self._heads:
            self.watch(head)
        return self

    def watch(self, head: Host) -> None:
        """From now on; again after it has booted."""
        self._works.append((head, head.start(("python3", "-c", _LOOKS, self._program))))

    def is_watching(self, head: Host) -> bool:
        """Whether it is looked at still: not once it is off."""
        works = [work for host, work in self._works if host is head]
        for work in works:
            # systemd stops all processes before it ends them, and nsenter(1) stops itself with its child.
            work.signal(signal.SIGCONT)
        return any(work.is_running for work in works)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, work in self._works:
            work.kill()

    def _times(self, head: Host) -> list[tuple[float, float, bool]]:
        found = []
        for host, work in self._works:
            if host is head:
                for line in work.stdout.rpartition("\n")[0].splitlines():
                    began, ended, seen = line.split()
                    found.append((float(began), float(ended), seen == "1"))
        return found

    def at_once(self) -> list[tuple[float, float]]:
        """Spans in which it was seen on both heads: from the first look in a row to the last one, on each."""
        first, second = (_spans(self._times(head)) for head in self._heads)
        return [
            (max(one[0], other[0]), min(one[1], other[1]))
            for one in first
            for other in second
            if max(one[0], other[0]) < min(one[1], other[1])
        ]

    def count(self) -> int:
        """How many looks there were that saw it; no proof without any."""
        return sum(seen for head in self._heads for _, _, seen in self._times(head))


def _spans(looks: list[tuple[float, float, bool]]) -> list[tuple[float, float]]:
    """From the beginning of the first look in a row that saw it to the end of the last one."""
    spans: list[tuple[float, float]] = []
    begun: float | None = None
    last = 0.0
    for began, ended, seen in looks:
        if seen:
            begun = began if begun is None else begun
            last = ended
        elif begun is not None:
            spans.append((begun, last))
            begun = None
    if begun is not None:
        spans.append((begun, last))
    return spans
