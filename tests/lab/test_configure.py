"""What the first run brings about, what a second one leaves alone, what a later one changes (A3-A8, B3, C1-C7)."""

import json
import tomllib

import pytest
from cluster import (
    DATABASE_ADDRESS,
    FILESTORAGE_ADDRESS,
    HEADS,
    KEPT,
    OPTIONS,
    PUBLIC_ADDRESS,
    REPLACED,
    Cluster,
)
from first_run import FirstRun
from footprint import cib_version, differences, file_states, service_identities
from share_client import SHARE, ShareClient

from live_lab import Host, audits, wait_until

pytestmark = pytest.mark.lab

SECRETS = "/etc/live-cluster/service-secrets.toml"
SETTINGS = "/etc/live-cluster/cluster.toml"
SINGLE = (
    "db-ip", "filestorage-fs", "filestorage-ip", "samba", "ivcs-server-ip", "ivcs-server", "opensips", "gnugk",
)  # fmt: skip
ON_BOTH = ("ivcs-db", "diskspace", "monitor")


@pytest.fixture
def cluster(first_run: FirstRun) -> Cluster:
    return first_run.cluster


@pytest.fixture
def client(cluster: Cluster) -> Host:
    return cluster.lab.client


# -- the first run ----------------------------------------------------------------------------------------------


def test_the_first_run_succeeds_and_tells_of_every_step(first_run: FirstRun) -> None:
    report = first_run.report
    assert report.returncode == 0, report
    assert report.changed
    assert {one["severity"] for one in report.problems} <= {"warning"}
    assert {step.state for step in report.steps} <= {"changed", "unchanged"}
    assert {step.node for step in report.steps} == {*HEADS, "ivcs-media-0"}


def test_status_shows_14_resources_and_that_either_head_may_be_lost(cluster: Cluster) -> None:
    for head in (1, 2):
        status = cluster.status(head)
        assert status.returncode == 0
        assert status.healthy
        assert status.online == set(HEADS)
        assert set(status.can_lose) == set(HEADS)
        assert len(status.instances) == audits.INSTANCES
        assert all(one.role in ("Started", "Promoted", "Unpromoted") for one in status.instances)
        assert {one: status.place_of(one) for one in SINGLE} == {one: [HEADS[0]] for one in SINGLE}
        assert {one: status.place_of(one) for one in ON_BOTH} == {one: list(HEADS) for one in ON_BOTH}
        assert (status.mode, status.primary) == ("synchronous", HEADS[0])


def test_every_audit_holds(cluster: Cluster) -> None:
    audits.wait_until_clean(cluster.lab)


def test_the_first_heads_data_goes_on_at_the_public_address(cluster: Cluster) -> None:
    names = cluster.conferences()
    assert KEPT in names
    assert REPLACED not in names
    assert cluster.health()["healthy"] is True


def test_the_second_heads_data_is_set_aside_whole(cluster: Cluster) -> None:
    """Debian's PostgreSQL in single-user mode reads a copy of what was set aside."""
    script = """
        set -eu
        aside=$(ls -d /var/lib/postgresql/*/main.set-aside-*)
        version=$(cat "$aside/PG_VERSION")
        cp -a "$aside" /var/lib/postgresql/look
        runuser -u postgres -- "/usr/lib/postgresql/$version/bin/postgres" --single -D /var/lib/postgresql/look \
            -c config_file=/dev/null ivcs 2>&1
        rm -r /var/lib/postgresql/look
    """
    second = cluster.lab.heads[1]
    told = second.run(("sh", "-c", script), stdin="SELECT name FROM conferences;\n").stdout
    assert REPLACED in told
    assert KEPT not in told


def test_files_are_served_by_samba_and_by_the_application_alike(cluster: Cluster, client: Host) -> None:
    url = f"http://{PUBLIC_ADDRESS}/api/files"
    client.run(("curl", "-sS", "--fail", "-T", "-", f"{url}/from-http.txt"), stdin="Привет, SMB")
    share = ShareClient.on(cluster, cluster.lab.media[0])
    assert share.run("get from-http.txt -") == "Привет, SMB"
    share.host.write("/root/from-smb.txt", "Hello, HTTP")
    share.run("put /root/from-smb.txt from-smb.txt")
    assert client.run(("curl", "-sS", "--fail", f"{url}/from-smb.txt")).stdout == "Hello, HTTP"


def test_samba_lets_nobody_in_without_the_password(cluster: Cluster) -> None:
    for account in (("-N",), ("-U", "ivcs%wrong"), ("-U", "root%")):
        argv = ("smbclient", *account, "-c", "ls", SHARE)
        assert cluster.lab.media[0].run(argv, check=False).returncode != 0


def test_samba_lets_in_the_servers_of_this_cluster_only(cluster: Cluster, client: Host) -> None:
    assert not ShareClient.on(cluster, client).tries("ls")
    for head in cluster.lab.heads:
        ShareClient.on(cluster, head).run("ls")


def test_every_server_has_its_name_and_resolves_all_names(cluster: Cluster) -> None:
    addresses = {"ivcs-main-1": "10.81.0.1", "ivcs-main-2": "10.81.0.2", "ivcs-media-0": "10.81.0.11"}
    for host in (*cluster.lab.heads, *cluster.lab.media):
        assert host.run(("hostname",)).stdout.strip() == host.name
        assert host.read("/etc/hostname").strip() == host.name
        for name, address in addresses.items():
            assert host.run(("getent", "ahostsv4", name)).stdout.split()[0] == address, (host.name, name)


def test_the_database_port_is_open_for_this_clusters_servers_only(cluster: Cluster, client: Host) -> None:
    lab = cluster.lab
    for address in ("10.81.0.1", "10.81.0.2", DATABASE_ADDRESS):
        for host in (*lab.heads, *lab.media):
            assert reaches(host, address, 5432), (host.name, address)
        assert not reaches(client, address, 5432), address
    assert reaches(client, PUBLIC_ADDRESS, 80)
    assert reaches(client, FILESTORAGE_ADDRESS, 445)


def reaches(host: Host, address: str, port: int) -> bool:
    return host.run(("nc", "-z", "-w", "2", address, str(port)), check=False).returncode == 0


def test_corosync_has_two_encrypted_links(cluster: Cluster) -> None:
    for host in cluster.lab.heads:
        links = host.run(("corosync-cfgtool", "-s")).stdout
        assert links.count("LINK ID") == 2
        assert links.count("connected") == 2
        keys = host.run(("corosync-cmapctl",)).stdout
        assert "totem.crypto_cipher (str) = aes256" in keys
        assert "totem.crypto_hash (str) = sha256" in keys
        assert host.run(("stat", "-c", "%a %U", "/etc/corosync/authkey")).stdout == "400 root\n"


def test_systemd_starts_the_cluster_and_leaves_its_services_to_it(cluster: Cluster) -> None:
    for host in cluster.lab.heads:
        assert enabled(host, "corosync", "pacemaker", "nginx") == ["enabled"] * 3
        assert enabled(host, "ivcs-server", "opensips", "gnugk", "smbd") == ["disabled"] * 4
        assert "manual" in host.run(("sh", "-c", "cat /etc/postgresql/*/main/start.conf")).stdout


def enabled(host: Host, *units: str) -> list[str]:
    return host.run(("systemctl", "is-enabled", *units), check=False).stdout.split()


def test_both_heads_keep_the_settings_and_nobody_else_the_secrets(cluster: Cluster) -> None:
    first, second = cluster.lab.heads
    settings = tomllib.loads(first.read(SETTINGS))
    assert {f"--{key}": value for key, value in settings.items()} == dict(
        zip(OPTIONS[::2], OPTIONS[1::2], strict=True)
    )
    assert second.read(SETTINGS) == first.read(SETTINGS)
    for host in cluster.lab.heads:
        modes = host.run(
            ("stat", "-c", "%a %U:%G", SETTINGS, "/etc/live-cluster/secrets.toml", SECRETS)
        ).stdout
        assert modes == "644 root:root\n600 root:root\n600 root:root\n"


def test_the_run_is_recorded_on_the_head_it_ran_on(cluster: Cluster) -> None:
    first = cluster.lab.heads[0]
    record = json.loads(
        first.run(("sh", "-c", "cat /var/lib/live-cluster/history/*.json | head -c 1000000")).stdout
    )
    assert record["version"] == 1
    assert {"node", "title", "impact", "state", "seconds"} <= set(record["steps"][0])
    assert any("cibadmin --patch" in line for line in record["transcript"])


# -- a second run -----------------------------------------------------------------------------------------------


def everything(cluster: Cluster) -> dict[str, str]:
    """All that must stay as it is when there is nothing to do: files, processes, the CIB, on all servers."""
    found: dict[str, str] = {}
    for host in (*cluster.lab.heads, *cluster.lab.media):
        states = file_states(host, "/etc")
        if host in cluster.lab.heads:
            states |= file_states(host, "/var/lib/live-cluster", "/var/lib/samba/private", "/srv")
            states |= {**service_identities(host), "CIB": cib_version(host)}
        found |= {f"{host.name}: {name}": state for name, state in states.items()}
    return found


def at_rest(cluster: Cluster) -> dict[str, str]:
    """The same, once what the first run has begun is over: the agent tidies up after the standby is whole."""
    cluster.wait_healthy()
    looks = [everything(cluster)]

    def is_still() -> bool:
        looks.append(everything(cluster))
        repairs = ("systemctl", "is-active", "--quiet", "live-cluster-rejoin")
        at_work = [host for host in cluster.lab.heads if host.run(repairs, check=False).returncode == 0]
        return not at_work and len(looks) > 2 and looks[-3] == looks[-2] == looks[-1]

    wait_until(is_still, deadline_s=300, what="nothing changes by itself any more", every_s=1)
    return looks[-1]


@pytest.mark.parametrize("head", [1, 2])
@pytest.mark.parametrize("options", [OPTIONS, ()], ids=["same options", "no options"])
def test_a_second_run_finds_nothing_to_do(cluster: Cluster, options: tuple[str, ...], head: int) -> None:
    before = at_rest(cluster)
    report = cluster.configure(*options, head=head)
    assert (report.returncode, report.changed, report.steps) == (0, False, ())
    assert differences(before, everything(cluster)) == {}


def test_a_second_run_says_so(cluster: Cluster) -> None:
    told = cluster.start_configure().wait()
    assert told.returncode == 0
    assert "Nothing to do" in told.stderr


# -- later changes ----------------------------------------------------------------------------------------------


def totem(host: Host) -> dict[str, str]:
    keys = host.run(("corosync-cmapctl", "-g", "runtime.config.totem.token")).stdout
    keys += host.run(("corosync-cmapctl", "-g", "runtime.config.totem.consensus")).stdout
    return {line.split()[0].rpartition(".")[2]: line.rpartition(" = ")[2] for line in keys.splitlines()}


def test_a_new_token_reaches_the_running_cluster_and_restarts_nothing(cluster: Cluster) -> None:
    before = [service_identities(host) for host in cluster.lab.heads]
    try:
        report = cluster.configure("--token", "5000")
        assert report.returncode == 0, report
        assert {step.impact for step in report.steps} <= {"none", "reload"}
        for host in cluster.lab.heads:
            assert totem(host) == {"token": "5000", "consensus": "1000"}
            assert tomllib.loads(host.read(SETTINGS))["token"] == 5000
        assert [service_identities(host) for host in cluster.lab.heads] == before
        assert cluster.status().healthy
        again = cluster.configure()
        assert (again.returncode, again.changed) == (0, False)
    finally:
        assert cluster.configure("--token", "3000").returncode == 0
    assert [totem(host)["token"] for host in cluster.lab.heads] == ["3000", "3000"]


def test_a_new_public_name_reaches_the_application_and_nothing_else_restarts(cluster: Cluster) -> None:
    before = [service_identities(host) for host in cluster.lab.heads]
    fqdn = "video.example.com"
    try:
        report = cluster.configure("--public-fqdn", fqdn)
        assert report.returncode == 0, report
        wait_until(
            lambda: cluster.health()["public"]["fqdn"] == fqdn, deadline_s=300, what="the application knows"
        )
        for host in cluster.lab.heads:
            assert tomllib.loads(host.read(SETTINGS))["public-fqdn"] == fqdn
        changed = {
            name
            for host, old in zip(cluster.lab.heads, before, strict=True)
            for name, identity in service_identities(host).items()
            if identity != old[name]
        }
        assert changed <= {"ivcs-server", "opensips", "gnugk"}
        cluster.wait_healthy()
        again = cluster.configure()
        assert (again.returncode, again.changed) == (0, False)
    finally:
        assert cluster.configure("--public-fqdn", PUBLIC_ADDRESS).returncode == 0
    audits.wait_until_clean(cluster.lab)


# What an administrator may put beside ours; the meta attribute's value makes crm_verify warn.
FOREIGN = """<configuration>
<resources><primitive id="vendor-watch" class="ocf" provider="heartbeat" type="Dummy"><meta_attributes id="v">
<nvpair id="v-m" name="multiple-active" value="whatever"/></meta_attributes></primitive></resources>
<constraints><rsc_colocation id="vendor-near" rsc="vendor-watch" with-rsc="samba" score="INFINITY"/></constraints>
<tags><tag id="vendor-tag"><obj_ref id="vendor-watch"/></tag></tags>
<alerts><alert id="vendor-alert" path="/bin/true"/></alerts></configuration>"""
FOREIGN_IDS = ["vendor-watch", "vendor-near", "vendor-tag", "vendor-alert"]
SET_ASIDE = "/var/lib/live-cluster/set-aside"


def runs_vendor_watch(head: Host) -> bool:
    shown = head.run(("crm_resource", "--resource", "vendor-watch", "--locate"), check=False).stdout
    return f"is running on: {head.name}" in shown


def add_foreign(head: Host) -> None:
    head.run(("cibadmin", "--modify", "--allow-create", "--xml-pipe"), stdin=FOREIGN)
    wait_until(lambda: runs_vendor_watch(head), deadline_s=300, what="the foreign resource runs", every_s=0.5)


def test_what_others_put_into_the_cib_stays_until_it_is_pruned(cluster: Cluster) -> None:
    head = cluster.lab.heads[0]
    add_foreign(head)
    before = [service_identities(host) for host in cluster.lab.heads]
    kept = cluster.configure()
    assert (kept.returncode, kept.changed, kept.steps) == (0, False, ())
    assert [one["id"] for one in kept.drift] == FOREIGN_IDS
    assert not any(one["pruned"] for one in kept.drift)
    assert runs_vendor_watch(head)

    refused = cluster.configure("--prune")
    assert (refused.returncode, refused.changed) == (107, False)
    # One of them that Pacemaker merely warns about keeps nobody from changing something else.
    pruned = cluster.configure("--prune", "--yes")
    assert pruned.returncode == 0, pruned
    steps = [(step.code, step.impact) for step in pruned.steps]
    assert steps == [("cib", "outage"), ("resources-running", "none")]
    assert [(one["action"], one["resource"]) for one in pruned.effects] == [("stop", "vendor-watch")]
    assert "vendor" not in head.run(("cibadmin", "--query", "--scope", "configuration")).stdout
    assert [service_identities(host) for host in cluster.lab.heads] == before
    again = cluster.configure()
    assert (again.returncode, again.changed, again.drift) == (0, False, ())

    # What was taken out is kept, and can be put back with one command.
    (path,) = head.run(("find", SET_ASIDE, "-name", "pruned-from-cib.xml")).stdout.split()
    head.run(("cibadmin", "--modify", "--allow-create", "--xml-file", path))
    assert [one["id"] for one in cluster.configure().drift] == FOREIGN_IDS
    assert cluster.configure("--prune", "--yes").returncode == 0
    head.run(("find", SET_ASIDE, "-name", "pruned-from-cib.xml", "-delete"))
    audits.wait_until_clean(cluster.lab)


def test_pacemaker_says_before_what_a_change_will_restart(cluster: Cluster) -> None:
    """What crm_simulate foretells is what happens; a time-out alone restarts nothing."""
    head = cluster.lab.heads[0]
    add_foreign(head)
    try:
        head.run(("cibadmin", "--modify", "--xml-text", '<op id="opensips-monitor-1s" timeout="77s"/>'))
        harmless = cluster.configure("--dry-run")
        steps = [(step.code, step.impact) for step in harmless.steps]
        assert steps == [("cib", "none"), ("resources-running", "none")]
        assert (harmless.returncode, harmless.effects) == (0, ())
        assert harmless.codes == ["cib-warning"]

        argv = ("crm_resource", "--resource", "filestorage-ip", "--set-parameter", "arp_interval")
        head.run((*argv, "--parameter-value", "150"))
        cluster.wait_healthy()
        before = service_identities(head)
        report = cluster.configure()
        assert report.returncode == 0, report
        assert "cib-warning" in report.codes
        assert [step.impact for step in report.steps if step.code == "cib"] == ["restart"]
        foretold = {one["resource"] for one in report.effects if one["action"] == "restart"}
        assert foretold == {"filestorage-ip", "samba"}
        # The run has waited for the end of all that.
        assert cluster.status().reasons == ()
        changed = {name for name, value in service_identities(head).items() if value != before[name]}
        assert changed == {"smbd"}
    finally:
        assert cluster.configure("--prune", "--yes").returncode == 0
        head.run(("find", SET_ASIDE, "-name", "pruned-from-cib.xml", "-delete"))
    audits.wait_until_clean(cluster.lab)


def test_a_renamed_head_stays_a_member_and_keeps_its_new_name(cluster: Cluster) -> None:
    """The article lets administrators rename hosts afterwards; the cluster's names are its own (C1)."""
    second = cluster.lab.heads[1]
    second.run(("hostnamectl", "set-hostname", "video-b.example.com"))
    try:
        second.run(("systemctl", "restart", "corosync", "pacemaker"), timeout_s=300)
        cluster.wait_healthy()
        assert cluster.status().online == set(HEADS)
        report = cluster.configure()
        assert (report.returncode, report.changed, report.steps) == (0, False, ())
        assert second.run(("hostname",)).stdout.strip() == "video-b.example.com"
    finally:
        second.run(("hostnamectl", "set-hostname", second.name))
    audits.wait_until_clean(cluster.lab)
