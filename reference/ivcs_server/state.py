"""Everything that the administration shows, gathered from database, media servers and certificate."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivcs_server import certificate
from ivcs_server.administration import Administration, Installed
from ivcs_server.certificate import CertificateFacts, certificate_facts
from ivcs_server.conferences import Conference, Conferences
from ivcs_server.license import LicenseState, judge, own_instance_id
from ivcs_server.media_monitor import MediaMonitor
from ivcs_server.placement import MediaServer, Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaServerState:
    """A media server, what the checks say of it, and how many conferences it runs."""

    server: MediaServer
    reach: Reach
    error: str
    conferences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminState:
    """What all pages of the administration are made of."""

    host: str
    installed: Installed
    license: LicenseState
    instance_id: str
    certificate: CertificateFacts | None
    media_servers: tuple[MediaServerState, ...]
    unplaced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the state comes from; each may raise DatabaseUnavailable."""

    administration: Administration
    conferences: Conferences
    monitor: MediaMonitor
    certificate_file: Path = certificate.IN_USE

    async def read(self) -> AdminState:
        """Everything at this moment."""
        installed, counts = await asyncio.gather(self.administration.read(), self.conferences.counts())
        instance_id = installed.license.server_instance_id or own_instance_id()
        return AdminState(
            host=socket.gethostname(),
            installed=installed,
            license=judge(installed.license.file, instance_id, datetime.now(UTC).date()),
            instance_id=instance_id,
            certificate=self._certificate(),
            media_servers=self._media_servers(installed.media_servers, counts),
            unplaced=counts.get(None, 0),
        )

    async def media_servers(self) -> tuple[tuple[MediaServerState, ...], int]:
        """The media servers, and how many conferences have none."""
        servers, counts = await asyncio.gather(self.administration.media_servers(), self.conferences.counts())
        return self._media_servers(servers, counts), counts.get(None, 0)

    def _media_servers(
        self, servers: tuple[MediaServer, ...], counts: dict[int | None, int]
    ) -> tuple[MediaServerState, ...]:
        return tuple(
            MediaServerState(
                server=server,
                reach=self.monitor.reach(server.id),
                error=self.monitor.error(server.id),
                conferences=counts.get(server.id, 0),
            )
            for server in servers
        )

    def _certificate(self) -> CertificateFacts | None:
        try:
            return certificate_facts(self.certificate_file.read_bytes())
        except (OSError, ValueError):
            return None


def conference_json(conference: Conference, monitor: MediaMonitor) -> dict[str, str | None]:
    """A conference as the interface shows it; its media server is the address, or null."""
    server = None if conference.media_server_id is None else monitor.server(conference.media_server_id)
    return {
        "id": str(conference.id),
        "name": conference.name,
        "created_at": conference.created_at.isoformat(),
        "media_server": server.address if server else None,
        "media_server_state": monitor.reach(server.id).value if server else None,
    }


def media_server_json(state: MediaServerState) -> dict[str, object]:
    """A media server as the interface shows it."""
    server = state.server
    return {
        "id": server.id,
        "address": server.address,
        "name": server.name,
        "enabled": server.enabled,
        "state": state.reach.value,
        "error": state.error,
        "conferences": state.conferences,
    }


def state_json(state: AdminState) -> dict[str, object]:
    """Everything an administrator may see, without any password."""
    installed, found = state.installed, state.certificate
    mail, sms, storage = installed.mail, installed.sms, installed.file_storage
    return {
        "reference": True,
        "host": state.host,
        "domains": [
            {"name": one.name, "web_address": one.web_address, "is_default": one.is_default}
            for one in installed.domains
        ],
        "settings": installed.settings,
        "license": license_json(state),
        "certificate": certificate_json(found) if found else None,
        "mail": {name: getattr(mail, name) for name in ("enabled", "hostname", "port", "username", "sender")},
        "sms": {
            name: getattr(sms, name) for name in ("enabled", "host", "port", "username", "sender_address")
        },
        "file_storage": {
            name: getattr(storage, name) for name in ("enabled", "address", "share", "mount_point")
        },
        "media_servers": [media_server_json(one) for one in state.media_servers],
        "conferences_without_media_server": state.unplaced,
    }


def license_json(state: AdminState) -> dict[str, object]:
    """The license and whether it holds here."""
    found = state.license.license
    return {
        "valid": state.license.is_valid,
        "problem": state.license.problem,
        "holder": found.holder if found else None,
        "valid_until": found.valid_until.isoformat() if found else None,
        "file_name": state.installed.license.file_name,
        "server_instance_id": state.instance_id,
        "is_instance_id_forced": bool(state.installed.license.server_instance_id),
    }


def certificate_json(found: CertificateFacts) -> dict[str, object]:
    """The certificate of the web page."""
    return {
        "subject": found.subject,
        "issuer": found.issuer,
        "self_signed": found.is_self_signed,
        "names": list(found.names),
        "not_before": found.not_before.isoformat(),
        "not_after": found.not_after.isoformat(),
        "days_left": found.days_left(datetime.now(UTC)),
        "sha256": found.sha256,
    }
