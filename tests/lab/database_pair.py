"""Two lab heads with nothing but Corosync, Pacemaker and the database agent, set up by hand."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from live_lab import Background, Completed, Host, Lab, faults, wait_until

AGENT = Path(__file__).parents[2] / "src/live_cluster_agent"
STATE = "/var/lib/live-cluster/postgresql"
NAMES = ("ivcs-main-1", "ivcs-main-2")
NODE_ADDRESSES = "ivcs-main-1=10.81.1.1,10.81.0.1 ivcs-main-2=10.81.1.2,10.81.0.2"
PASSWORD = "pass:word\\of 'the' test"
LAUNCHER = """#!/usr/bin/python3 -IS
import sys
sys.path.insert(0, "/usr/lib/live-cluster/agent")
from live_cluster_agent.__main__ import main
sys.exit(main())
"""
# Corosync's votes: without a third one, and with one at this address (as the product sets it up, but without TLS).
TWO_NODES = """ two_node: 1
 wait_for_all: 0
"""
ARBITER = "10.81.0.11"
WITH_ARBITER = f""" device {{
  model: net
  votes: 1
  timeout: 2000
  sync_timeout: 4000
  net {{
   host: {ARBITER}
   algorithm: ffsplit
   tls: off
  }}
 }}
"""
COROSYNC = """totem {
 version: 2
 cluster_name: pair
 transport: knet
 crypto_cipher: none
 crypto_hash: none
 token: 3000
 consensus: 600
}
quorum {
 provider: corosync_votequorum
VOTES}
nodelist {
 node {
  name: ivcs-main-1
  nodeid: 1
  ring0_addr: 10.81.0.1
  ring1_addr: 10.81.1.1
 }
 node {
  name: ivcs-main-2
  nodeid: 2
  ring0_addr: 10.81.0.2
  ring1_addr: 10.81.1.2
 }
}
logging {
 to_syslog: yes
}
"""
SETTINGS = f"""listen_addresses = '*'
wal_level = replica
hot_standby = on
max_wal_senders = 10
wal_log_hints = on
synchronous_commit = on
wal_keep_size = 64MB
wal_sender_timeout = 4s
wal_receiver_timeout = 4s
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 500ms
restart_after_crash = off
tcp_keepalives_idle = 2
tcp_keepalives_interval = 1
tcp_keepalives_count = 3
tcp_user_timeout = 4000
include_if_exists = '{STATE}/replication.conf'
"""
ACCESS = """local all postgres peer
host replication live_cluster_replication 10.81.0.0/23 scram-sha-256
host postgres live_cluster_replication 10.81.0.0/23 scram-sha-256
"""
ROLE = """SET password_encryption = 'scram-sha-256';
CREATE ROLE live_cluster_replication LOGIN REPLICATION PASSWORD $p${password}$p$;
GRANT pg_checkpoint, pg_monitor TO live_cluster_replication;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean), pg_catalog.pg_stat_file(text, boolean),
 pg_catalog.pg_read_binary_file(text), pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)
 TO live_cluster_replication;
CREATE TABLE kept (id bigint PRIMARY KEY);
"""
CIB = """<cib validate-with="pacemaker-3.8" admin_epoch="0" epoch="1" num_updates="0">
<configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="o1" name="stonith-enabled" value="false"/><nvpair id="o2" name="no-quorum-policy" value="stop"/>
<nvpair id="o3" name="dc-deadtime" value="3s"/><nvpair id="o4" name="cluster-recheck-interval" value="60s"/>
</cluster_property_set></crm_config>
<nodes>
<node id="1" uname="ivcs-main-1"><instance_attributes id="nodes-1">
<nvpair id="nodes-1-ivcs-db-data" name="ivcs-db-data" value="latest"/></instance_attributes></node>
<node id="2" uname="ivcs-main-2"><instance_attributes id="nodes-2">
<nvpair id="nodes-2-ivcs-db-data" name="ivcs-db-data" value="stale"/></instance_attributes></node>
</nodes>
<resources><clone id="ivcs-db-ms">
<meta_attributes id="m1"><nvpair id="m11" name="promotable" value="true"/>
<nvpair id="m12" name="notify" value="false"/><nvpair id="m13" name="interleave" value="true"/></meta_attributes>
<primitive id="ivcs-db" class="ocf" provider="live-cluster" type="postgresql">
<instance_attributes id="p">{parameters}</instance_attributes>
<operations>
<op id="op1" name="start" interval="0" timeout="300s"/><op id="op2" name="stop" interval="0" timeout="120s"/>
<op id="op3" name="promote" interval="0" timeout="120s"/><op id="op4" name="demote" interval="0" timeout="180s"/>
<op id="op5" name="monitor" interval="2s" timeout="60s" role="Promoted"/>
<op id="op6" name="monitor" interval="3s" timeout="60s" role="Unpromoted"/>
</operations>
<meta_attributes id="m2"><nvpair id="m21" name="migration-threshold" value="3"/>
<nvpair id="m22" name="failure-timeout" value="60s"/></meta_attributes>
</primitive></clone></resources>
<constraints/>
</configuration><status/></cib>
"""
# Writes one row after the other and prints each id once its commit was acknowledged.
WRITER = """import subprocess, sys, time
argv = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "postgres", "-v", "ON_ERROR_STOP=1")
number = int(sys.argv[1])
while True:
    quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    psql = subprocess.Popen(argv, text=True, **quiet)
    try:
        while psql.poll() is None:
            number += 1
            psql.stdin.write(f"INSERT INTO kept VALUES ({number}) RETURNING id;\\n")
            psql.stdin.flush()
            answer = psql.stdout.readline().strip()
            if not answer:
                break
            print(time.time(), answer, flush=True)
            time.sleep(0.02)
    except BrokenPipeError:
        pass
    psql.kill()
    psql.wait()
    time.sleep(0.2)
"""


def _agent_archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for file in sorted(AGENT.glob("*.py")):
            archive.add(file, arcname=f"live_cluster_agent/{file.name}")
    return packed.getvalue()


def install_agent(host: Host) -> None:
    """Puts the agent where its package puts it."""
    host.run(("mkdir", "-p", "/usr/lib/live-cluster/agent", "/usr/lib/ocf/resource.d/live-cluster"))
    host.run(("tar", "-x", "-C", "/usr/lib/live-cluster/agent"), stdin=_agent_archive())
    host.run(("python3", "-m", "compileall", "-q", "/usr/lib/live-cluster/agent"))
    host.write("/usr/lib/ocf/resource.d/live-cluster/postgresql", LAUNCHER, 0o755)


def open_firewall(host: Host) -> None:
    """The lab's hosts drop what is not expected; here they trust their networks, also after a reboot."""
    unit = "[Service]\nExecStart=/usr/sbin/iptables -I INPUT -s 10.81.0.0/23 -j ACCEPT\nType=oneshot\n"
    host.write(
        "/etc/systemd/system/open-pair.service",
        f"[Unit]\nAfter=iptables-config.service\n{unit}[Install]\nWantedBy=multi-user.target\n",
    )
    host.run(("systemctl", "enable", "--quiet", "--now", "open-pair.service"))


@dataclass
class DatabasePair:
    """The pair as tests use it."""

    lab: Lab
    votes: str = TWO_NODES
    version: str = ""
    writers: list[Background] = field(default_factory=list)

    @property
    def heads(self) -> list[Host]:
        """Both heads."""
        return self.lab.heads

    # -- setting up -----------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """From fresh hosts to a cluster in which head 1 has the data and head 2 copies it."""
        self.version = self.heads[0].run(("ls", "/etc/postgresql")).stdout.split()[0]
        for name, host in zip(NAMES, self.heads, strict=True):
            host.run(("hostname", name))
            host.run(("systemctl", "stop", "pacemaker", "corosync"))
            host.write("/etc/corosync/corosync.conf", COROSYNC.replace("VOTES", self.votes))
            install_agent(host)
            open_firewall(host)
            self._set_up_database(host, first=name == NAMES[0])
            host.run(("sh", "-c", "rm -f /var/lib/pacemaker/cib/*"))
            host.write("/var/lib/pacemaker/cib/cib.xml", CIB.format(parameters=self._parameters()), 0o600)
            host.run(("chown", "hacluster:haclient", "/var/lib/pacemaker/cib/cib.xml"))
        device = ("corosync-qdevice",) if self.votes == WITH_ARBITER else ()
        for host in self.heads:
            host.run(("systemctl", "enable", "--quiet", "corosync", *device, "pacemaker"))
            host.run(("systemctl", "start", "corosync", *device, "pacemaker"))

    @property
    def parameters(self) -> dict[str, str]:
        """The agent's, by name."""
        return {
            "pgdata": f"/var/lib/postgresql/{self.version}/main",
            "bindir": f"/usr/lib/postgresql/{self.version}/bin",
            "config_file": f"/etc/postgresql/{self.version}/main/postgresql.conf",
            "log_file": f"/var/log/postgresql/postgresql-{self.version}-main.log",
            "node_addresses": NODE_ADDRESSES,
            "client_network": "10.81.0.254",
        }

    def _parameters(self) -> str:
        return "".join(
            f'<nvpair id="p-{name}" name="{name}" value="{value}"/>'
            for name, value in self.parameters.items()
        )

    def _set_up_database(self, host: Host, *, first: bool) -> None:
        etc = f"/etc/postgresql/{self.version}/main"
        host.write(f"{etc}/conf.d/live-cluster.conf", SETTINGS)
        host.write(f"{etc}/pg_hba.new", ACCESS + host.read(f"{etc}/pg_hba.conf"))
        host.run(("cp", f"{etc}/pg_hba.new", f"{etc}/pg_hba.conf"))
        host.write(f"{etc}/start.conf", "manual\n")
        host.run(("install", "-d", "-m", "755", "/var/lib/live-cluster"))
        host.run(("install", "-d", "-m", "750", "-g", "postgres", STATE))
        secret = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
        host.write(f"{STATE}/replication.pgpass", f"*:*:*:live_cluster_replication:{secret}\n", 0o600)
        host.run(("chown", "postgres:", f"{STATE}/replication.pgpass"))
        if first:
            host.run(("pg_ctlcluster", self.version, "main", "start"), check=False)
            self.sql(host, ROLE.replace("{password}", PASSWORD))
        else:
            host.write(f"{STATE}/reclone", "")
        host.run(("systemctl", "disable", "--quiet", "--now", "postgresql"))
        host.run(("pg_ctlcluster", self.version, "main", "stop", "-m", "fast"), check=False)

    # -- looking --------------------------------------------------------------------------------------------

    def sql(self, host: Host, text: str, *, check: bool = True) -> str:
        """Answer of the host's own server."""
        argv = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "postgres", "-v", "ON_ERROR_STOP=1")
        return host.run(argv, stdin=text, check=check).stdout.strip()

    def data(self, host: Host) -> dict[str, str]:
        """Data state by node, as this host's cluster configuration has it."""
        found: dict[str, str] = {}
        for name in NAMES:
            question = ("-N", name, "-n", "ivcs-db-data", "-l", "forever", "-G", "-q", "-d", "none")
            argv = ("crm_attribute", *question)
            found[name] = host.run(argv, check=False).stdout.strip()
        return found

    def primary(self) -> Host | None:
        """The head whose server takes writes; None when there is none."""
        for host in self.heads:
            if host.is_running and self.sql(host, "SELECT pg_is_in_recovery()", check=False) == "f":
                return host
        return None

    def is_whole(self) -> bool:
        """One primary, its peer's data recorded as synchronous."""
        primary = self.primary()
        views = [self.data(host) for host in self.heads if host.is_running]
        wanted = {host.name: "latest" if host is primary else "sync" for host in self.heads}
        return primary is not None and views == [wanted, wanted] and self._standby_may_be_promoted(primary)

    def _standby_may_be_promoted(self, primary: Host) -> bool:
        standby = next(name for name in NAMES if name != primary.name)
        argv = ("crm_attribute", "--node", standby, "--promotion=ivcs-db", "--query", "--quiet")
        synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        streams = self.sql(primary, synchronous, check=False) == "1"
        return streams and primary.run(argv, check=False).stdout.strip() == "100"

    def wait_whole(self, deadline_s: float = 300.0) -> None:
        """Waits until losing one head costs nothing."""
        wait_until(
            self.is_whole, deadline_s=deadline_s, what="a primary with a synchronous standby", every_s=0.3
        )

    def crm_mon(self, host: Host) -> Completed:
        """What Pacemaker shows."""
        return host.run(("crm_mon", "-1rfA"), check=False)

    def roles(self) -> tuple[Host, Host]:
        """Primary and standby of a whole pair."""
        self.wait_whole()
        primary = self.primary()
        assert primary is not None
        return primary, next(host for host in self.heads if host is not primary)

    def wait_primary(self, host: Host, deadline_s: float = 300.0) -> None:
        """Waits until the server of this host takes writes."""
        wait_until(
            lambda: self.sql(host, "SELECT pg_is_in_recovery()", check=False) == "f",
            deadline_s=deadline_s,
            what=f"{host.name} is primary",
        )

    def kept_data(self, host: Host, method: str) -> str:
        """Where the last repair on this host, made this way, put the data that it replaced."""
        status = self.rejoin_status(host)
        assert status["method"] == method
        kept = status["set_aside"]
        assert isinstance(kept, list)
        return str(kept[0])

    def rejoin_status(self, host: Host) -> dict[str, object]:
        """What the last repair on this host says of itself."""
        status: dict[str, object] = json.loads(host.read(f"{STATE}/rejoin.json"))
        return status

    # -- writing --------------------------------------------------------------------------------------------

    def start_writers(self, host: Host, count: int = 1) -> list[Background]:
        """Writers beside the server of this host, which have begun to get acknowledgements."""
        began = len(self.writers)
        highest = int(self.sql(host, "SELECT coalesce(max(id), 0) FROM kept")) // 1_000_000
        for number in range(1, count + 1):
            first = 1_000_000 * (highest + number)
            self.writers.append(host.start(("python3", "-c", WRITER, str(first))))
        started = self.writers[began:]
        wait_until(lambda: all(len(acknowledged(one)) > 20 for one in started), deadline_s=300, what="writes")
        return started

    def cut_off_primary(self, *, isolated_s: float) -> tuple[Host, list[Background], float]:
        """The primary, isolated that long by now with writers on both sides; its writers; the time of the cut."""
        primary, standby = self.roles()
        beside = self.start_writers(primary, 2)
        faults.isolate(self.lab, primary)
        cut = time.time()
        self.wait_primary(standby)
        self.start_writers(standby)
        wait_until(
            lambda: time.time() > cut + isolated_s, deadline_s=300 + isolated_s, what="the isolation's length"
        )
        return primary, beside, cut

    def stop_writers(self) -> None:
        """Ends all writers; what they were told stays."""
        for writer in self.writers:
            writer.kill()
            writer.wait()

    def missing(self, host: Host) -> set[int]:
        """Rows that any writer was told are safe and that the host's server does not have."""
        told = {number for writer in self.writers for _, number in acknowledged(writer)}
        return told - {int(line) for line in self.sql(host, "SELECT id FROM kept", check=False).split()}

    def audit(self) -> None:
        """Waits until the pair is whole, and finds every acknowledged row on both heads."""
        self.wait_whole()
        self.stop_writers()
        for host in self.heads:
            wait_until(
                lambda one=host: not self.missing(one), deadline_s=300, what=f"all rows on {host.name}"
            )  # type: ignore[misc]


@contextmanager
def whole_pair(name: str, release: str) -> Iterator[DatabasePair]:
    """A pair on fresh hosts, which go with the block; its standby is synchronous."""
    with Lab.up(name=name, release=release, media=0, with_product=False) as lab:
        pair = DatabasePair(lab)
        pair.set_up()
        pair.wait_whole()
        yield pair
        pair.stop_writers()


def put_back(pair: DatabasePair) -> None:
    """After a test that broke off: no head off and no cable out for the next one."""
    for host in pair.heads:
        faults.reconnect(pair.lab, host)
        if not host.is_running:
            host.power_on()


def acknowledged(writer: Background) -> list[tuple[float, int]]:
    """Time and id of every acknowledged row."""
    lines = [line.split() for line in writer.stdout.splitlines(keepends=True) if line.endswith("\n")]
    return [(float(when), int(number)) for when, number in lines]
