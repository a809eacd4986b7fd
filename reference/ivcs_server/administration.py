"""What administrators set, in the database; `live-cluster configure` writes the same tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from ivcs_server.connections import Connections
from ivcs_server.mail import MailSettings
from ivcs_server.placement import MediaServer
from ivcs_server.sms import SmsSettings

SETTINGS = {
    "sip.outgoing_proxy": "Outgoing SIP proxy",
    "sip.default_from_header": "Default SIP From header",
    "h323.default_from_header": "Default H.323 From header",
}
MAIL_FIELDS = ("enabled", "hostname", "port", "username", "password", "sender")
SMS_FIELDS = ("enabled", "host", "port", "username", "password", "sender_address")
STORAGE_FIELDS = ("enabled", "address", "share", "mount_point")
MEDIA_SERVERS = "SELECT id, address, name, enabled, generation FROM media_servers ORDER BY id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain and where its users open the web page."""

    name: str
    web_address: str
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledLicense:
    """The license file as it was installed, and the instance id that was forced, if any."""

    server_instance_id: str
    file: bytes | None
    file_name: str | None
    installed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalStorage:
    """The file storage of the cluster, as the application is told of it."""

    enabled: bool
    address: str
    share: str
    mount_point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """All settings at one moment."""

    domains: tuple[Domain, ...]
    settings: dict[str, str]
    license: InstalledLicense
    mail: MailSettings
    sms: SmsSettings
    media_servers: tuple[MediaServer, ...]
    file_storage: ExternalStorage


class Administration:
    """Reads and writes the settings; each call is one transaction and may raise DatabaseUnavailable."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def read(self) -> Installed:
        """Everything but the administrators."""
        return await self._connections.use(_read)

    async def media_servers(self) -> tuple[MediaServer, ...]:
        """The media servers alone: they are asked for every second."""
        return await self._connections.use(_media_servers)

    async def session_key(self) -> str:
        """What sessions are signed with; the same on both heads."""

        async def work(connection: AsyncConnection) -> str:
            row = await (await connection.execute("SELECT key FROM session_key")).fetchone()
            return str(row[0]) if row else ""

        return await self._connections.use(work)

    async def stored_hash(self, name: str) -> str | None:
        """Hash of an administrator's password."""

        async def work(connection: AsyncConnection) -> str | None:
            cursor = await connection.execute(
                "SELECT password_hash FROM administrators WHERE name = %s", (name,)
            )
            row = await cursor.fetchone()
            return str(row[0]) if row else None

        return await self._connections.use(work)

    async def set_password(self, name: str, stored_hash: str) -> None:
        """Makes the administrator if there is none of this name."""
        await self._run(
            "INSERT INTO administrators (name, password_hash) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash",
            name,
            stored_hash,
        )

    async def add_first_administrator(self, name: str, stored_hash: str) -> None:
        """Does nothing once there is any."""
        await self._run(
            "INSERT INTO administrators (name, password_hash)"
            " SELECT %s, %s WHERE NOT EXISTS (SELECT FROM administrators)",
            name,
            stored_hash,
        )

    async def set_web_address(self, domain: str, web_address: str) -> None:
        """Where the domain's users open the page."""
        await self._run("UPDATE domains SET web_address = %s WHERE name = %s", web_address, domain)

    async def set_settings(self, values: dict[str, str]) -> None:
        """All of them or none."""

        async def work(connection: AsyncConnection) -> None:
            for name, value in values.items():
                await connection.execute(
                    "INSERT INTO system_settings (name, value) VALUES (%s, %s)"
                    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (name, value),
                )

        await self._connections.use(work)

    async def set_instance_id(self, instance_id: str) -> None:
        """Empty: each server has its own again."""
        await self._run("UPDATE license SET server_instance_id = %s", instance_id)

    async def set_license(self, file: bytes, file_name: str) -> None:
        """Replaces the license, valid or not: the page says which."""
        await self._run("UPDATE license SET file = %s, file_name = %s, installed_at = now()", file, file_name)

    async def set_mail(self, mail: MailSettings) -> None:
        """An empty password leaves the old one."""
        await self._run(_update("mail_settings", MAIL_FIELDS), *_values(mail, MAIL_FIELDS))

    async def set_sms(self, sms: SmsSettings) -> None:
        """An empty password leaves the old one."""
        await self._run(_update("sms_settings", SMS_FIELDS), *_values(sms, SMS_FIELDS))

    async def add_media_server(self, address: str, name: str) -> None:
        """One that is there gets the name."""
        await self._run(
            "INSERT INTO media_servers (address, name) VALUES (%s, %s)"
            " ON CONFLICT (address) DO UPDATE SET name = excluded.name",
            address,
            name,
        )

    async def enable_media_server(self, number: int, *, enabled: bool) -> None:
        """Conferences leave a media server that is turned off."""
        await self._run("UPDATE media_servers SET enabled = %s WHERE id = %s", enabled, number)

    async def remove_media_server(self, number: int) -> None:
        """Its conferences move to the others."""
        await self._run("DELETE FROM media_servers WHERE id = %s", number)

    async def _run(self, statement: str, *values: object) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement, values)

        await self._connections.use(work)


def _update(table: str, fields: tuple[str, ...]) -> str:
    kept = "password = coalesce(nullif(%s, ''), password)"
    values = ", ".join(kept if name == "password" else f"{name} = %s" for name in fields)
    return f"UPDATE {table} SET {values}"


def _values(settings: object, fields: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(settings, name) for name in fields)


async def _media_servers(connection: AsyncConnection) -> tuple[MediaServer, ...]:
    rows = await (await connection.execute(MEDIA_SERVERS)).fetchall()
    return tuple(
        MediaServer(id=row[0], address=row[1], name=row[2], enabled=row[3], generation=row[4]) for row in rows
    )


async def _one_row(connection: AsyncConnection, table: str, fields: tuple[str, ...]) -> dict[str, Any]:
    row = await (await connection.execute(f"SELECT {', '.join(fields)} FROM {table}")).fetchone()
    return dict(zip(fields, row or (), strict=bool(row)))


def _without_null(row: dict[str, Any]) -> dict[str, Any]:
    """The classes' own defaults stand for what is not set."""
    return {name: value for name, value in row.items() if value is not None}


async def _read(connection: AsyncConnection) -> Installed:
    domains = await (
        await connection.execute(
            "SELECT name, web_address, is_default FROM domains ORDER BY is_default DESC, name"
        )
    ).fetchall()
    settings = await (
        await connection.execute("SELECT name, value FROM system_settings ORDER BY name")
    ).fetchall()
    license_fields = ("server_instance_id", "file", "file_name", "installed_at")
    return Installed(
        domains=tuple(Domain(name=row[0], web_address=row[1], is_default=row[2]) for row in domains),
        settings={row[0]: row[1] for row in settings},
        license=InstalledLicense(**await _one_row(connection, "license", license_fields)),
        mail=MailSettings(**_without_null(await _one_row(connection, "mail_settings", MAIL_FIELDS))),
        sms=SmsSettings(**_without_null(await _one_row(connection, "sms_settings", SMS_FIELDS))),
        media_servers=await _media_servers(connection),
        file_storage=ExternalStorage(**await _one_row(connection, "external_file_storage", STORAGE_FIELDS)),
    )
