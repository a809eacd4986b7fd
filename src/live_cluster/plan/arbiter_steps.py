"""The third vote: corosync-qnetd on the arbiter, corosync-qdevice on both heads, and their certificates."""

from __future__ import annotations

from dataclasses import replace

from live_cluster.messages import message
from live_cluster.model.service_secrets import BUNDLE_PHRASE, CERTIFICATE_NICKNAME, ArbiterIdentity
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.cluster_steps import membership_file
from live_cluster.plan.service_steps import properties, started_at, unit_state
from live_cluster.plan.step import Check, Impact, Replies, Step, absent_check, always, both, command_check
from live_cluster.probes.arbiter import (
    DAEMON_DATABASE,
    SERVER_AUTHORITY,
    plain_pem,
    stored_certificate,
)
from live_cluster.probes.membership import parse_quorum
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, WriteFile

DAEMON = "corosync-qnetd.service"
CLIENT = "corosync-qdevice.service"
# Our authority's name in the arbiter's database; other clusters keep theirs beside it.
HEADS_AUTHORITY = "live-cluster heads"
CLIENT_DIRECTORY = "/etc/corosync/qdevice/net"
CLIENT_DATABASE = f"{CLIENT_DIRECTORY}/nssdb"
COROSYNC_CONF = "/etc/corosync/corosync.conf"
VOTES = Command(argv=("corosync-quorumtool", "-s"))

_HEADS_ENTRY = ("-d", DAEMON_DATABASE, "-n", HEADS_AUTHORITY, "-f", f"{DAEMON_DATABASE}/pwdfile.txt")
# 255: it is not there.
_FORGET_HEADS = Command(argv=("certutil", "-D", *_HEADS_ENTRY), changes_node=True, accepts=(0, 255))

# Connecting, TLS and the first vote took 2 s.
VOTE_DEADLINE_S = 120.0


def arbiter_steps(plan: Blueprint) -> tuple[Step, ...]:
    """On the arbiter: the heads are known there, and the daemon runs with what it knows."""
    if plan.arbiter is None or plan.secrets.arbiter is None:
        return ()
    node = plan.arbiter.name
    known = _heads_known(node, plan.secrets.arbiter)
    return (known, _daemon_runs(node, follows=(known.check,)))


def head_certificate_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """On a head: it knows the arbiter, and has what it shows there."""
    identity, arbiter = plan.secrets.arbiter, plan.facts.arbiter
    if identity is None or arbiter is None:
        return ()
    return (_client_database(node, identity, arbiter.certificate),)


def vote_steps(plan: Blueprint) -> tuple[Step, ...]:
    """Both heads ask the arbiter, with the configuration that stands in their files, and have its vote."""
    if plan.arbiter is None:
        return ()
    return tuple(
        replace(
            _client_votes(node, str(plan.arbiter.address)),
            follows=(
                membership_file(plan, node).check,
                *(one.check for one in head_certificate_steps(plan, node)),
            ),
        )
        for node in plan.head_names
    )


def farewell_steps(plan: Blueprint) -> tuple[Step, ...]:
    """The former arbiter is let go before Corosync's files say so: until then a run can still see who it was."""
    former = plan.former_arbiter
    if former is None:
        return ()
    heads = () if plan.arbiter else tuple(_client_gone(node) for node in plan.head_names)
    # A server of its own is no part of the installation any more, and may be gone.
    known = [
        server.name for server in plan.servers if server.address == former and server.name not in plan.absent
    ]
    return (*heads, *(_daemon_gone(node) for node in known))


def _heads_known(node: str, identity: ArbiterIdentity) -> Step:
    stored = stored_certificate(DAEMON_DATABASE, HEADS_AUTHORITY)
    return Step(
        code="arbiter-knows-heads",
        node=node,
        title=message("step-arbiter-knows-heads"),
        impact=Impact.NONE,
        actions=always(
            # Another certificate may stand there under this name.
            _FORGET_HEADS,
            Command(
                argv=("certutil", "-A", *_HEADS_ENTRY, "-t", "T,,", "-a"),
                stdin=identity.authority.encode(),
                changes_node=True,
            ),
        ),
        check=command_check(stored, lambda reply: _is_certificate(reply, identity.authority)),
    )


def _daemon_runs(node: str, *, follows: tuple[Check, ...]) -> Step:
    changed = Command(argv=("stat", "--format=%.Y", "--", f"{DAEMON_DATABASE}/cert9.db"))

    def holds(replies: Replies) -> bool:
        unit, time = replies
        if not isinstance(unit, CommandResult) or not isinstance(time, CommandResult) or not time.ok:
            return False
        return _is_up(unit) and started_at(unit) >= float(time.text)

    return Step(
        code="arbiter-running",
        node=node,
        title=message("step-arbiter-running"),
        impact=Impact.NONE,
        actions=always(*_start_anew(DAEMON)),
        check=Check(requests=(unit_state(DAEMON), changed), holds=holds),
        deadline_s=60,
        follows=follows,
    )


def _client_database(node: str, identity: ArbiterIdentity, arbiter_certificate: str) -> Step:
    """Made beside the old one and put into its place at the end: a run that is killed leaves no half of one."""
    new = f"{CLIENT_DATABASE}.new"
    bundle = f"{new}/heads.p12"

    def change(*argv: str, stdin: bytes = b"") -> Command:
        return Command(argv=argv, stdin=stdin, changes_node=True)

    def holds(replies: Replies) -> bool:
        authority, own = replies
        return _is_certificate(authority, arbiter_certificate) and _is_certificate(own, identity.certificate)

    return Step(
        code="arbiter-certificates",
        node=node,
        title=message("step-arbiter-certificates"),
        impact=Impact.NONE,
        actions=always(
            change("rm", "-rf", "--", new),
            change("mkdir", "--parents", "--mode=0700", "--", new),
            change("certutil", "-N", "-d", new, "--empty-password"),
            change(
                "certutil", "-A", "-d", new, "-n", SERVER_AUTHORITY, "-t", "CT,c,c", "-a",
                stdin=arbiter_certificate.encode(),
            ),
            WriteFile(path=bundle, content=identity.bundle, mode=0o600),
            change("pk12util", "-i", bundle, "-d", new, "-w", "/dev/stdin", stdin=BUNDLE_PHRASE + b"\n"),
            change("rm", "--", bundle),
            change("rm", "-rf", "--", CLIENT_DATABASE),
            change("mv", "--no-target-directory", "--", new, CLIENT_DATABASE),
        ),
        check=Check(
            requests=(
                stored_certificate(CLIENT_DATABASE, SERVER_AUTHORITY),
                stored_certificate(CLIENT_DATABASE, CERTIFICATE_NICKNAME),
            ),
            holds=holds,
        ),
    )  # fmt: skip


def _client_votes(node: str, address: str) -> Step:
    """corosync-qdevice reads its settings when it starts, and only then."""
    files = (ReadFile(path=COROSYNC_CONF), ReadFile(path=f"{CLIENT_DATABASE}/pkcs11.txt"))

    def holds(replies: Replies) -> bool:
        unit, votes, *read = replies
        if not isinstance(unit, CommandResult) or not isinstance(votes, CommandResult) or not _is_up(unit):
            return False
        if any(isinstance(one, FileState) and one.mtime > started_at(unit) for one in read):
            return False
        quorum = parse_quorum(votes.text)
        return quorum is not None and quorum.arbiter_votes > 0

    return Step(
        code="arbiter-votes",
        node=node,
        title=message("step-arbiter-votes", address=address),
        impact=Impact.NONE,
        actions=always(*_start_anew(CLIENT)),
        check=Check(requests=(unit_state(CLIENT), VOTES, *files), holds=holds),
        deadline_s=VOTE_DEADLINE_S,
    )


def _client_gone(node: str) -> Step:
    delete = Command(argv=("rm", "-rf", "--", CLIENT_DATABASE, f"{CLIENT_DATABASE}.new"), changes_node=True)
    return _retired(
        node,
        "arbiter-left",
        unit=CLIENT,
        forget=delete,
        forgotten=absent_check(f"{CLIENT_DATABASE}/pkcs11.txt"),
    )


def _daemon_gone(node: str) -> Step:
    """A media server of this installation: whoever else asked it for votes was not set up by us."""
    gone = command_check(stored_certificate(DAEMON_DATABASE, HEADS_AUTHORITY), lambda reply: not reply.ok)
    return _retired(node, "arbiter-retired", unit=DAEMON, forget=_FORGET_HEADS, forgotten=gone)


def _retired(node: str, code: str, *, unit: str, forget: Command, forgotten: Check) -> Step:
    """The unit does not run any more, and what it knew of the other side is gone."""
    stop = Command(argv=("systemctl", "disable", "--now", "--", unit), timeout_s=120, changes_node=True)
    return Step(
        code=code,
        node=node,
        title=message(f"step-{code}"),
        impact=Impact.NONE,
        actions=always(stop, forget),
        check=both(command_check(unit_state(unit), _is_down), forgotten),
        deadline_s=60,
    )


def _start_anew(unit: str) -> tuple[Command, ...]:
    return (
        Command(argv=("systemctl", "enable", "--", unit), timeout_s=120, changes_node=True),
        Command(argv=("systemctl", "restart", "--", unit), timeout_s=120, changes_node=True),
    )


def _is_up(unit: CommandResult) -> bool:
    values = properties(unit)
    return values.get("ActiveState") == "active" and values.get("UnitFileState") == "enabled"


def _is_down(unit: CommandResult) -> bool:
    values = properties(unit)
    return values.get("ActiveState") in ("inactive", "failed") and values.get("UnitFileState") != "enabled"


def _is_certificate(reply: Reply, wanted: str) -> bool:
    return isinstance(reply, CommandResult) and reply.ok and plain_pem(reply.text) == plain_pem(wanted)
