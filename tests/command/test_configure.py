"""A3, A4: `live-cluster configure` from its options to its exit code."""

from __future__ import annotations

import io

import pytest
from installation import FIRST_RUN, PROFILE, Installation

from live_cluster.errors import ExitCode, Unreachable, problem
from live_cluster.model.profile import load_profile
from live_cluster.model.service_secrets import SERVICE_SECRETS_FILE, parse
from live_cluster.probes.head import CIB, user_rows_question
from live_cluster.probes.node import PACKAGE_LIST, firewall_question
from live_cluster.remote.requests import Command, CommandResult, Refused, Reply, Request
from recordings.configure.recorded import HEADS, RELEASES
from recordings.configure.recorder import changes, key_of

LOCK = "lock /run/live-cluster/configure.lock"
LOCKS = [f"{head}: {LOCK}" for head in HEADS]
CLUSTER_START = "run systemctl enable --now -- corosync.service pacemaker.service"
FIREWALL = firewall_question("/etc/iptables-config/ipv4/filter.d/0500-live-cluster")
USER_ROWS = key_of(user_rows_question(load_profile(PROFILE)))


@pytest.fixture
def two_databases(site: Installation) -> Installation:
    """Both heads hold data of users."""
    for name, rows in zip(HEADS, (b"7\n", b"5\n"), strict=True):
        site.servers[name].instead[USER_ROWS] = CommandResult(returncode=0, stdout=rows)
    return site


@pytest.mark.parametrize("release", RELEASES)
def test_the_first_run_configures_and_the_second_finds_nothing_to_do(
    site: Installation, release: str
) -> None:
    site.use(release)
    first = site.configure(*FIRST_RUN)
    assert first.code == ExitCode.OK, first.err
    assert "The cluster is configured." in first.err
    second = site.configure()
    assert second.code == ExitCode.OK, second.err
    assert "Nothing to do" in second.err
    assert site.changes == LOCKS
    assert first.out == second.out == ""


@pytest.mark.parametrize("release", RELEASES)
def test_a_dry_run_shows_the_plan_and_touches_nothing(site: Installation, release: str) -> None:
    site.use(release)
    dry = site.configure("--dry-run", *FIRST_RUN)
    assert dry.code == ExitCode.OK, dry.err
    assert site.changes == []
    assert "+    cluster_name: live-cluster" in dry.err
    assert "Dry run: nothing was touched." in dry.err
    assert not site.stored.exists()


def test_every_request_of_a_dry_run_only_reads(site: Installation) -> None:
    site.configure("--dry-run", *FIRST_RUN)
    asked = [one for server in site.servers.values() for one in server.asked]
    assert len(asked) > 100
    assert not [one for one in asked if changes(one)]


def test_a_dry_run_on_a_converged_cluster_says_so(site: Installation) -> None:
    site.configure(*FIRST_RUN)
    assert "Nothing to do" in site.configure("--dry-run").err
    assert site.changes == []


def test_json_has_a_stable_shape(site: Installation) -> None:
    planned = site.configure("--json", "--dry-run", *FIRST_RUN)
    assert planned.err == ""
    assert set(planned.document) == {
        "version",
        "changed",
        "steps",
        "effects",
        "drift",
        "problems",
    }
    assert planned.document["version"] == 1
    assert planned.document["changed"] is False
    assert {step["state"] for step in planned.document["steps"]} == {"planned"}

    done = site.configure("--json", *FIRST_RUN).document
    assert done["changed"] is True
    assert done["problems"] == []
    assert set(done["steps"][0]) == {"node", "code", "title", "impact", "state", "seconds"}
    assert {step["state"] for step in done["steps"]} <= {"changed", "unchanged"}
    assert len(done["steps"]) == len(planned.document["steps"])

    again = site.configure("--json").document
    assert (again["changed"], again["steps"], again["problems"]) == (False, [], [])


def test_the_settings_are_written_last(site: Installation) -> None:
    site.configure(*FIRST_RUN)
    for name in HEADS:
        written = [one for one in site.servers[name].changed if "/history/" not in one]
        assert written[-2:] == [
            "write /etc/live-cluster/secrets.toml",
            "write /etc/live-cluster/cluster.toml",
        ]


def test_the_run_is_remembered_on_this_head(site: Installation) -> None:
    site.configure(*FIRST_RUN)
    head = site.servers["ivcs-main-1"]
    (path,) = (path for path in head.written if path.startswith("/var/lib/live-cluster/history/"))
    assert '"state": "changed"' in head.written[path].text
    assert "systemctl enable --now -- corosync.service pacemaker.service -> 0" in head.written[path].text


def test_no_secret_is_shown_or_put_on_a_command_line(site: Installation) -> None:
    shown = site.configure("--dry-run", *FIRST_RUN), site.configure(*FIRST_RUN)
    head = site.servers["ivcs-main-1"]
    secrets = parse(site.servers["ivcs-main-2"].written[SERVICE_SECRETS_FILE].text)
    assert secrets is not None
    history = "".join(state.text for path, state in head.written.items() if "/history/" in path)
    commands = [
        str(one) for server in site.servers.values() for one in server.asked if isinstance(one, Command)
    ]
    texts = [text for run in shown for text in (run.out, run.err)] + [history] + commands
    for secret in (secrets.replication.reveal(), secrets.smb.reveal(), "password-of-the-lab"):
        assert not [text for text in texts if secret in text]


def test_files_with_secrets_are_for_their_owner_only(site: Installation) -> None:
    site.configure(*FIRST_RUN)
    for name in HEADS:
        for path, state in site.servers[name].written.items():
            if b"recorded-" in state.content:
                assert state.mode & 0o077 == 0, path


def test_a_failing_command_ends_the_run_and_the_next_run_goes_on(site: Installation) -> None:
    failing = site.servers["ivcs-main-2"].instead
    failing[CLUSTER_START] = CommandResult(returncode=1, stderr=b"Job for corosync.service failed.\n")
    failed = site.configure("--json", *FIRST_RUN)
    assert failed.code == ExitCode.ERROR
    assert [one["code"] for one in failed.document["problems"]] == ["command-failed"]
    assert "Job for corosync.service failed." in failed.document["problems"][0]["message"]
    states = {(step["node"], step["code"]): step["state"] for step in failed.document["steps"]}
    assert states["ivcs-main-2", "service-running"] == "failed"
    assert states["ivcs-main-1", "cib"] == "not-reached"
    assert failed.document["changed"] is True
    assert not site.stored.exists()

    failing.clear()
    assert site.configure(*FIRST_RUN).code == ExitCode.OK
    assert "Nothing to do" in site.configure().err


def test_a_failure_in_words(site: Installation) -> None:
    site.servers["ivcs-main-2"].instead[CLUSTER_START] = CommandResult(returncode=1, stderr=b"no\n")
    failed = site.configure(*FIRST_RUN)
    assert failed.code == ExitCode.ERROR
    assert "✗ ivcs-main-2: Start corosync.service" in failed.err
    assert "Steps changed:" in failed.err
    assert "failed with exit code 1: no [command-failed]" in failed.err
    assert "The cluster is configured" not in failed.err


def test_what_does_not_come_about_in_time_is_named(site: Installation) -> None:
    for name in HEADS:
        site.servers[name].instead[
            "run crm_mon --one-shot --output-as=xml --inactive --show-node-attributes"
        ] = CommandResult(returncode=102, stdout=b"<pacemaker-result/>")
    failed = site.configure("--json", *FIRST_RUN)
    assert failed.code == ExitCode.TIMEOUT
    (told,) = failed.document["problems"]
    assert told["code"] == "step-without-effect"
    assert "Pacemaker does not answer" in told["message"]


def test_unmet_prerequisites_come_together_and_nothing_is_touched(site: Installation) -> None:
    site.servers["ivcs-main-2"].instead[key_of(PACKAGE_LIST)] = CommandResult(returncode=1)
    refused = site.configure("--json", *FIRST_RUN)
    assert refused.code == ExitCode.CONFIGURATION
    codes = {(one["code"], one["node"]) for one in refused.document["problems"]}
    assert codes == {("package-missing", "ivcs-main-2")}
    assert len(refused.document["problems"]) > 3
    assert site.changes == LOCKS


def test_a_warning_is_shown_and_the_run_goes_on(site: Installation) -> None:
    rule = b"-A INPUT -p tcp -m tcp --dport 5432 -j ACCEPT\n"
    site.servers["ivcs-main-1"].instead[key_of(FIREWALL)] = CommandResult(returncode=0, stdout=rule)
    shown = site.configure("--dry-run", *FIRST_RUN)
    assert shown.code == ExitCode.OK
    assert "[database-open-to-all]" in shown.err
    (told,) = site.configure("--json", *FIRST_RUN).document["problems"]
    assert (told["code"], told["severity"], told["node"]) == (
        "database-open-to-all",
        "warning",
        "ivcs-main-1",
    )


def test_data_is_not_replaced_where_nobody_can_be_asked(two_databases: Installation) -> None:
    refused = two_databases.configure(*FIRST_RUN)
    assert refused.code == ExitCode.DECLINED
    assert "--yes" in refused.err
    assert two_databases.changes == LOCKS
    assert two_databases.configure("--yes", *FIRST_RUN).code == ExitCode.OK


@pytest.mark.parametrize(
    ("answer", "code"), [("no\n", ExitCode.DECLINED), ("", ExitCode.DECLINED), ("yes\n", ExitCode.OK)]
)
def test_data_is_replaced_only_after_a_yes(
    two_databases: Installation, monkeypatch: pytest.MonkeyPatch, answer: str, code: ExitCode
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    asked = two_databases.configure(*FIRST_RUN)
    assert asked.code == code
    assert "ivcs-main-2" in asked.err.partition("[yes/NO]")[0].splitlines()[-1]
    assert (two_databases.changes == LOCKS) is (code is ExitCode.DECLINED)


def test_a_second_run_at_the_same_time_is_refused(site: Installation) -> None:
    site.servers["ivcs-main-2"].instead[LOCK] = Refused(reason="locked", held_by="root, 2024-05-01 12:00:00")
    refused = site.configure(*FIRST_RUN)
    assert refused.code == ExitCode.TEMPORARY
    assert "root, 2024-05-01 12:00:00" in refused.err
    assert site.changes == LOCKS
    assert all(server.is_closed for server in site.servers.values())


def test_a_server_that_is_off_is_named(site: Installation) -> None:
    site.error = Unreachable(problem("not-on-a-head", addresses="192.0.2.77"))
    refused = site.configure("--json", *FIRST_RUN)
    assert refused.code == ExitCode.UNAVAILABLE
    assert [one["code"] for one in refused.document["problems"]] == ["not-on-a-head"]


def test_wrong_input_ends_before_any_server_is_asked(site: Installation) -> None:
    refused = site.configure("--json", "--head-node-1-ip", "10.81.0.300")
    assert refused.code == ExitCode.USAGE
    assert {one["option"] for one in refused.document["problems"]} >= {"head-node-1-ip", "public-ip"}
    assert site.connected == 0


def test_anybody_but_root_gets_a_clear_error(site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    refused = site.configure(*FIRST_RUN)
    assert refused.code == ExitCode.NOT_PERMITTED
    assert "sudo live-cluster configure" in refused.err
    assert site.connected == 0


def test_a_record_that_cannot_be_written_is_a_warning(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = site.servers["ivcs-main-1"]
    answer = head.answer

    def full_disk(request: Request) -> Reply:
        return (
            Refused(reason="No space left on device") if "/history/" in key_of(request) else answer(request)
        )

    monkeypatch.setattr(head, "answer", full_disk)
    done = site.configure(*FIRST_RUN)
    assert done.code == ExitCode.OK
    assert "No space left on device. [history-not-written]" in done.err


def test_what_ended_the_run_is_told_although_its_record_is_lost(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = site.servers["ivcs-main-1"]
    answer = head.answer
    site.servers["ivcs-main-2"].instead[CLUSTER_START] = CommandResult(returncode=1, stderr=b"no\n")

    def gone(request: Request) -> Reply:
        if "/history/" in key_of(request):
            raise Unreachable(problem("connection-lost", node="ivcs-main-1", reason="end of stream"))
        return answer(request)

    monkeypatch.setattr(head, "answer", gone)
    failed = site.configure("--json", *FIRST_RUN)
    assert failed.code == ExitCode.ERROR
    codes = [one["code"] for one in failed.document["problems"]]
    assert sorted(codes) == ["command-failed", "history-not-written"]


# -- what others have put into the CIB --------------------------------------------------------------------------

VERIFY = "run crm_verify -V -V --xml-pipe"
SIMULATE = "run crm_simulate --simulate --xml-pipe --output-as=xml"
STOPS = (
    b'<pacemaker-result><actions><rsc_action action="stop" resource="backup" node="ivcs-main-1"/></actions>'
    b"<transition/></pacemaker-result>"
)


@pytest.fixture
def drifted(site: Installation) -> Installation:
    """A configured pair to whose CIB somebody has added a resource."""
    site.configure(*FIRST_RUN)
    for name in HEADS:
        server = site.servers[name]
        reply = server.answer(CIB)
        assert isinstance(reply, CommandResult)
        cib = reply.stdout.replace(
            b"</resources>", b'<primitive id="backup" class="systemd" type="backup"/></resources>'
        )
        server.instead[key_of(CIB)] = CommandResult(returncode=0, stdout=cib)
        server.instead[VERIFY] = CommandResult(returncode=0)
        server.instead[SIMULATE] = CommandResult(returncode=0, stdout=STOPS)
    return site


def asked_of_pacemaker(site: Installation) -> list[str]:
    tools = {"crm_verify", "crm_simulate"}
    return [
        one.argv[0]
        for server in site.servers.values()
        for one in server.asked
        if isinstance(one, Command) and one.argv[0] in tools
    ]


def test_it_is_named_and_left_alone(drifted: Installation) -> None:
    run = drifted.configure()
    assert run.code == ExitCode.OK
    assert "  resource backup: systemd:backup\n" in run.err
    assert "It is left alone; --prune takes it out" in run.err
    assert "Nothing to do" in run.err
    assert drifted.changes == LOCKS
    # A run that has nothing to do does not pay for a preview.
    assert asked_of_pacemaker(drifted) == []
    assert drifted.configure("--json").document["drift"] == [
        {"id": "backup", "kind": "resource", "about": "systemd:backup", "pruned": False}
    ]


def test_prune_shows_what_it_would_stop(drifted: Installation) -> None:
    dry = drifted.configure("--prune", "--dry-run", "--json").document
    assert drifted.changes == []
    assert [(one["code"], one["impact"]) for one in dry["steps"]] == [
        ("cib", "outage"),
        ("resources-running", "none"),
    ]
    assert dry["effects"] == [{"action": "stop", "resource": "backup", "source": "ivcs-main-1", "target": ""}]
    assert [one["pruned"] for one in dry["drift"]] == [True]


def test_prune_needs_a_yes(drifted: Installation) -> None:
    refused = drifted.configure("--prune", "--json")
    assert refused.code == ExitCode.DECLINED
    assert [one["code"] for one in refused.document["problems"]] == ["cannot-ask"]
    assert drifted.changes == LOCKS


def test_prune_is_refused_where_pacemaker_would_refuse_the_rest(drifted: Installation) -> None:
    drifted.servers["ivcs-main-1"].instead[VERIFY] = CommandResult(
        returncode=78, stderr=b"error: no\nConfiguration invalid (with errors)\n"
    )
    refused = drifted.configure("--prune", "--yes", "--json")
    assert refused.code == ExitCode.CONFIGURATION
    assert [one["code"] for one in refused.document["problems"]] == ["cib-invalid"]
    assert drifted.changes == LOCKS


def test_verbose_shows_every_step(site: Installation) -> None:
    assert "✓ ivcs-main-1: Write /etc/hosts" in site.configure("-v", *FIRST_RUN).err
    site.use("bookworm")
    short = site.configure(*FIRST_RUN).err
    assert "Write /etc/hosts" not in short
    assert "✓ Preparing the servers" in short


def test_of_debians_defaults_only_what_is_new_is_shown(site: Installation) -> None:
    dry = site.configure("--dry-run", *FIRST_RUN).err
    assert "+    interfaces = 10.81.0.101" in dry
    assert "Sample configuration file for the Samba suite" not in dry
    # smb.conf and corosync.conf, on both heads.
    assert dry.count("lines of Debian's default are replaced") == 4
