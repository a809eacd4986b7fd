"""Settings of ivcs-server: /etc/ivcs/server.conf, then the files in server.conf.d in order of name."""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from pathlib import Path


class SettingsProblem(Exception):
    """A file cannot be used; the text names it, and never quotes it: it may hold the password."""


CONFIGURATION = Path("/etc/ivcs/server.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the service has to know; `public_*` and `storage_address` are only shown."""

    listen_port: int = 8090
    database_host: str = "127.0.0.1"
    database_port: int = 5432
    database_name: str = "ivcs"
    database_user: str = "ivcs"
    database_password: str = field(default="", repr=False)
    storage_path: Path = Path("/srv/filestorage")
    storage_address: str = ""
    storage_must_be_mounted: bool = False
    public_address: str = ""
    public_fqdn: str = ""
    admin_password_hash: str = field(default="", repr=False)


def read_settings(configuration: Path = CONFIGURATION) -> Settings:
    """Settings of this server; missing files are no problem."""
    parser = configparser.ConfigParser(interpolation=None)
    for file in (configuration, *sorted(configuration.with_name(f"{configuration.name}.d").glob("*.conf"))):
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, ValueError, OSError) as error:
            raise SettingsProblem(f"{file} cannot be read ({type(error).__name__})") from None
    try:
        return settings_from(parser)
    except ValueError as error:
        raise SettingsProblem(f"{configuration}: {error}") from None


def settings_from(parser: configparser.ConfigParser) -> Settings:
    """The typed form of what the files say; ValueError for what is no number or no yes or no."""
    default = Settings()
    return Settings(
        listen_port=parser.getint("http", "port", fallback=default.listen_port),
        database_host=parser.get("database", "host", fallback=default.database_host),
        database_port=parser.getint("database", "port", fallback=default.database_port),
        database_name=parser.get("database", "name", fallback=default.database_name),
        database_user=parser.get("database", "user", fallback=default.database_user),
        database_password=parser.get("database", "password", fallback=default.database_password),
        storage_path=Path(parser.get("filestorage", "path", fallback=str(default.storage_path))),
        storage_address=parser.get("filestorage", "address", fallback=default.storage_address),
        storage_must_be_mounted=parser.getboolean(
            "filestorage", "must_be_mounted", fallback=default.storage_must_be_mounted
        ),
        public_address=parser.get("public", "address", fallback=default.public_address),
        public_fqdn=parser.get("public", "fqdn", fallback=default.public_fqdn),
        admin_password_hash=parser.get("admin", "password_hash", fallback=default.admin_password_hash),
    )
