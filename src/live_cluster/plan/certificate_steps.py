"""The certificate on a head: for every service at its place, read again only where it changed (C10)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from live_cluster.messages import message
from live_cluster.model.certificate_record import RECORD, CertificateRecord
from live_cluster.model.profile import CertificateTarget
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import file_step
from live_cluster.plan.service_steps import is_active, reached_state_at, state_and_change
from live_cluster.plan.step import Check, Impact, Replies, Step, file_check
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    FileState,
    ReadFile,
    Request,
    WriteFile,
    WriteTogether,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """What one service's two files should hold."""

    chain: bytes
    key: bytes


def certificate_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Nothing where this run names none, unless this head lacks the one that the other head got from us."""
    targets = plan.profile.certificates
    given = plan.settings.certificate
    if targets and given is not None and given.is_named:
        pair = _Pair(chain=given.chain, key=given.key)
        return (
            *(_target_step(plan, node, target, pair) for target in targets),
            _record_step(node, _record(given.chain, targets)),
        )
    return _steps_from_peer(plan, node)


def _steps_from_peer(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """A head that was installed anew gets what the other one has."""
    heads = dict(zip(plan.head_names, plan.facts.heads, strict=True))
    own = heads.pop(node)
    (peer,) = heads.values()
    if own.certificate_record or not peer.certificate_record or not plan.facts.certificate_files:
        return ()
    found: Mapping[str, bytes] = {one.path: one.content for one in plan.facts.certificate_files}
    steps = tuple(
        _target_step(
            plan, node, target, _Pair(chain=found[target.certificate], key=found[target.private_key])
        )
        for target in plan.profile.certificates
        if {target.certificate, target.private_key} <= found.keys()
    )
    return (*steps, _record_step(node, peer.certificate_record))


def _target_step(plan: Blueprint, node: str, target: CertificateTarget, pair: _Pair) -> Step:
    def file(path: str, content: bytes, mode: str) -> WriteFile:
        return WriteFile(
            path=path,
            content=content,
            mode=int(mode, 8),
            owner=target.owner,
            group=target.group,
            set_aside=plan.set_aside,
        )

    key = file(target.private_key, pair.key, target.private_key_mode)
    chain = file(target.certificate, pair.chain, target.certificate_mode)
    # Read again, or started, after both files were written; a service that does not run here reads them one day.
    unit = state_and_change(target.unit)

    def in_force(replies: Replies) -> bool:
        key_state, chain_state, state = replies
        assert isinstance(key_state, FileState)
        assert isinstance(chain_state, FileState)
        assert isinstance(state, CommandResult)
        written = max(key_state.mtime, chain_state.mtime)
        return not is_active(state) or reached_state_at(state) >= written

    def files_hold(replies: Replies) -> bool:
        return file_check(key).holds(replies[:1]) and file_check(chain).holds(replies[1:2])

    def holds(replies: Replies) -> bool:
        return files_hold(replies) and in_force(replies)

    def actions(replies: Replies) -> tuple[Request, ...]:
        # Whoever reads one of them while the other is still the old one has a pair that does not match.
        writes = () if files_hold(replies) else (WriteTogether(files=(key, chain)),)
        verb = "try-reload-or-restart" if target.on_change == "reload" else "try-restart"
        read_again = Command(argv=("systemctl", verb, "--", target.unit), timeout_s=120, changes_node=True)
        return (*writes, read_again)

    return Step(
        code="certificate",
        node=node,
        title=message("step-certificate", unit=target.unit, path=target.certificate),
        impact=Impact.RELOAD if target.on_change == "reload" else Impact.RESTART,
        actions=actions,
        check=Check(
            requests=(ReadFile(path=key.path), ReadFile(path=chain.path), unit),
            holds=holds,
            missing=lambda _: f"{target.unit}: {target.certificate}",
        ),
        deadline_s=60,
    )


def _record_step(node: str, text: str) -> Step:
    return file_step(node, WriteFile(path=RECORD, content=text.encode()))


def _record(chain: bytes, targets: tuple[CertificateTarget, ...]) -> str:
    # Only where a certificate is installed: the module takes 0.1 s to load.
    from live_cluster.model.certificate import expiry_of

    expires: datetime | None = expiry_of(chain)
    assert expires is not None  # the rules have read it
    record = CertificateRecord(
        expires_s=int(expires.timestamp()),
        digest=hashlib.sha256(chain).hexdigest(),
        paths=tuple(target.certificate for target in targets),
    )
    return record.as_text()
