"""What both heads get before the cluster runs: secrets, the application's files, Samba."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from jinja2 import Environment, StrictUndefined

from live_cluster.messages import message
from live_cluster.model.profile import FileStorage
from live_cluster.model.service_secrets import SERVICE_SECRETS_FILE
from live_cluster.model.settings import CifsShare, NfsExport
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.certificate_steps import certificate_steps
from live_cluster.plan.default_files import with_short_preview
from live_cluster.plan.file_steps import file_step, followed_by
from live_cluster.plan.service_steps import (
    comes_back,
    handed_over,
    has_its_time,
    is_active,
    started_at,
    unit_state,
)
from live_cluster.plan.step import Check, Impact, Replies, Step, always, both, command_check, file_check
from live_cluster.remote.requests import Command, CommandResult, FileState, WriteFile
from live_cluster.render.samba_conf import Share, samba_conf

SAMBA_CONF = "/etc/samba/smb.conf"
SMB_ACCOUNT_MARK = "/var/lib/live-cluster/smb-account"


def head_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Files and accounts; nothing of this stops a service of a cluster that runs."""
    secrets = WriteFile(path=SERVICE_SECRETS_FILE, content=plan.secrets.to_toml().encode(), mode=0o600)
    return (
        file_step(node, secrets),
        *_application_files(plan, node),
        *_files_from_first_head(plan, node),
        *certificate_steps(plan, node),
        *_file_server(plan, node),
        *(comes_back(node, unit) for unit in ("corosync", *plan.profile.services_on_both_heads.units)),
        *(has_its_time(node, unit) for unit in plan.profile.clustered_units),
    )


def hand_over_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Systemd gives the clustered services up to Pacemaker."""
    impact = Impact.OUTAGE if plan.serves(node) else Impact.NONE
    return tuple(
        handed_over(node, unit, stop=plan.joins(node), impact=impact) for unit in clustered_units(plan)
    )


def clustered_units(plan: Blueprint) -> tuple[str, ...]:
    """In the order in which they stop: the last to start is the first."""
    units = [service.unit for service in plan.profile.clustered_services]
    samba = plan.profile.samba
    return (*reversed(units), samba.unit) if samba else tuple(reversed(units))


def application_files(plan: Blueprint) -> tuple[WriteFile, ...]:
    """The profile's files with the cluster's addresses in their places."""
    settings, storage = plan.settings, plan.profile.filestorage
    values = {
        "database_ip": str(settings.database_ip),
        "public_ip": str(settings.public_ip),
        "public_fqdn": settings.public_fqdn,
    }
    if storage is not None:
        values |= {
            "filestorage_ip": str(settings.filestorage_ip),
            "mount_point": storage.mount_point,
            "share": storage.share,
        }
    # Configuration files, not HTML: nothing may be escaped.
    environment = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    return tuple(
        WriteFile(
            path=one.path,
            content=environment.from_string(one.template).render(values).encode(),
            mode=one.mode_bits,
            owner=one.owner,
            group=one.group,
            set_aside=plan.set_aside,
        )
        for one in plan.profile.files
    )


def _application_files(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """While the cluster is being formed the application starts later anyway; afterwards it is restarted.

    A clustered service listens at the public address. Where that is not (yet), a restart would fail; the cluster
    starts the service together with the address.
    """
    files = application_files(plan)
    if plan.joins(node):
        return tuple(file_step(node, wanted) for wanted in files)
    clustered = [service.unit for service in plan.profile.clustered_services]
    has_address = plan.heads[plan.head_names.index(node)].has(plan.settings.public_ip)
    units = [one.unit or clustered[0] for one in plan.profile.files]
    return tuple(
        _followed_by_restart(file_step(node, wanted), unit)
        if has_address or unit not in clustered
        else file_step(node, wanted)
        for wanted, unit in zip(files, units, strict=True)
    )


def _followed_by_restart(step: Step, unit: str) -> Step:
    """Systemd restarts the unit where it runs, and finishes that also when this run is interrupted.

    `crm_resource --restart` stops the whole group, from both heads at once if both ask for it, and leaves it
    stopped for good when it is killed or takes too long. Pacemaker takes a unit that is on its way for running.
    """
    path = step.check.requests[0]

    def read_again(replies: Replies) -> bool:
        state, unit_reply = replies
        assert isinstance(state, FileState)
        assert isinstance(unit_reply, CommandResult)
        return not is_active(unit_reply) or started_at(unit_reply) >= state.mtime

    restart = Command(argv=("systemctl", "try-restart", "--", unit), timeout_s=300, changes_node=True)
    check = Check(requests=(path, unit_state(unit)), holds=read_again)
    return followed_by(step, check, restart, impact=Impact.RESTART)


def _files_from_first_head(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Only once: afterwards each head's files are the administrator's."""
    source = plan.data_source(node)
    if not plan.joins(node) or node == source:
        return ()
    return tuple(
        file_step(
            node,
            WriteFile(
                path=one.path,
                content=one.content,
                mode=one.mode,
                owner=one.owner,
                group=one.group,
                set_aside=plan.set_aside,
            ),
        )
        for one in plan.facts.heads[plan.head_names.index(source)].shared_files
    )


def _file_server(plan: Blueprint, node: str) -> tuple[Step, ...]:
    storage, address = plan.profile.filestorage, plan.settings.filestorage_ip
    if storage is None or address is None:
        return ()
    is_nas = _is_nas(plan) or _leaves_nas(plan)
    return (
        _samba(plan, node, _Served(storage=storage, address=address, is_network=is_nas)),
        _smb_account(plan, node, storage.smb_user),
    )


def samba_steps_after_move(plan: Blueprint) -> tuple[Step, ...]:
    """Files that are on a NAS are served as those of a NAS, until they are there no more."""
    storage, address = plan.profile.filestorage, plan.settings.filestorage_ip
    if storage is None or address is None or _is_nas(plan) or not _leaves_nas(plan):
        return ()
    served = _Served(storage=storage, address=address, is_network=False)
    return tuple(replace(_samba(plan, node, served), foreseen=True) for node in plan.head_names)


def _is_nas(plan: Blueprint) -> bool:
    return isinstance(plan.settings.filestorage, CifsShare | NfsExport)


def _leaves_nas(plan: Blueprint) -> bool:
    return plan.facts.move is not None and plan.facts.move.is_from_network


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    storage: FileStorage
    address: IPv4Address
    is_network: bool


def _samba(plan: Blueprint, node: str, served: _Served) -> Step:
    storage, address = served.storage, served.address
    settings = plan.settings
    heads = (own for head in settings.heads for own in (head.address, head.secondary) if own)
    share = Share(
        name=storage.share,
        path=storage.mount_point,
        user=storage.smb_user,
        file_owner=storage.owner,
        # From the head that has it, the source is one of the floating addresses.
        servers=(
            *heads,
            settings.public_ip,
            settings.database_ip,
            address,
            *settings.media_addresses,
        ),
        is_network=served.is_network,
    )
    text = samba_conf(share, filestorage_ip=address)
    # smbd looks at its file once a minute by itself (smb.conf(5)); a changed address restarts it as a resource.
    wanted = WriteFile(path=SAMBA_CONF, content=text.encode(), set_aside=plan.set_aside)
    return with_short_preview(file_step(node, wanted, impact=Impact.RELOAD), wanted, "samba-common")


def _smb_account(plan: Blueprint, node: str, user: str) -> Step:
    """Samba keeps only a hash (MD4) of the password; ours, salted by the host's name, tells whether it is set."""
    password = plan.secrets.smb.reveal()
    digest = hmac.new(password.encode(), f"{node}/{user}".encode(), hashlib.sha256).hexdigest()
    mark = WriteFile(path=SMB_ACCOUNT_MARK, content=f"{digest}\n".encode(), mode=0o600)

    def is_listed(result: CommandResult) -> bool:
        return any(line.split(":")[0] == user for line in result.text.splitlines())

    listed = command_check(Command(argv=("pdbedit", "--list")), is_listed)
    return Step(
        code="smb-account",
        node=node,
        title=message("step-smb-account", user=user),
        impact=Impact.NONE,
        actions=always(
            Command(
                argv=("smbpasswd", "-s", "-a", user),
                stdin=f"{password}\n{password}\n".encode(),
                changes_node=True,
            ),
            mark,
        ),
        check=both(file_check(mark), listed),
    )
