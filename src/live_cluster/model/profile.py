"""The application profile: all that is known about the application, as frozen values from one TOML file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from live_cluster.model.profile_application import Application

DEFAULT_PROFILE = Path("/usr/share/live-cluster/profiles/ivcs.toml")

# What a file's template may use, the last ones only where there is a file storage (plan/head_steps.py).
_FILESTORAGE_VARIABLES = ("filestorage_ip", "mount_point", "share")
TEMPLATE_VARIABLES = ("database_ip", "public_ip", "public_fqdn", *_FILESTORAGE_VARIABLES)


class ProfileError(Exception):
    """The profile cannot be used; each problem names the key and what it should be."""

    def __init__(self, path: Path, problems: tuple[str, ...]) -> None:
        super().__init__(f"{path}: {'; '.join(problems)}")
        self.path = path
        self.problems = problems


def _without_line_breaks_around(text: str) -> str:
    return text.strip("\n") + "\n"


def _without_parent_folders(text: str) -> str:
    if {".", ".."} & set(text.split("/")):
        raise ValueError("must not contain the folders . and ..")
    return text


def _with_one_number(text: str) -> str:
    if text.count("{n}") != 1 or set(text.replace("{n}", "")) & set("{}"):
        raise ValueError("must contain {n} once, where the number goes")
    return text


Text = Annotated[str, StringConstraints(min_length=1)]
# systemd.unit(5), useradd(8), CIB ids and PostgreSQL identifiers that need no quoting, in this order.
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_.@\\-]+$")]
Account = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
ResourceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
AbsolutePath = Annotated[
    str, StringConstraints(pattern=r"^(/[A-Za-z0-9_.@+-]+)+$"), AfterValidator(_without_parent_folders)
]
Mode = Annotated[str, StringConstraints(pattern=r"^0[0-7]{3}$")]
ShareName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
HostnamePattern = Annotated[
    str, StringConstraints(pattern=r"^[a-z]([a-z0-9{}-]*[a-z0-9}])?$"), AfterValidator(_with_one_number)
]
Port = Annotated[int, Field(ge=1, le=65535)]
# Longer, and whoever waits for it takes it for hanging.
Seconds = Annotated[int, Field(ge=1, le=3600)]
FileText = Annotated[str, AfterValidator(_without_line_breaks_around)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Installed(_Part):
    """Signs that the product is installed on a head server."""

    units: tuple[Unit, ...] = ()
    paths: tuple[AbsolutePath, ...] = ()


class Hostnames(_Part):
    """Patterns of the servers' host names."""

    head: HostnamePattern
    media: HostnamePattern = "media-{n}"

    def of_head(self, number: int) -> str:
        """Host name of head 1 or 2."""
        return self.head.replace("{n}", str(number))

    def of_media(self, number: int) -> str:
        """Host name of a media server; the first one is 0."""
        return self.media.replace("{n}", str(number))


class Resources(_Part):
    """Ids of the cluster's resources, groups and clones; the clustered services bring their own."""

    database_group: ResourceId
    database_address: ResourceId
    database: ResourceId
    database_clone: ResourceId
    filestorage_group: ResourceId = "filestorage-group"
    filestorage_filesystem: ResourceId = "filestorage-fs"
    filestorage_address: ResourceId = "filestorage-ip"
    filestorage_samba: ResourceId = "samba"
    # Only where the files lie on disks of the heads that DRBD mirrors.
    filestorage_drbd: ResourceId = "filestorage-drbd"
    filestorage_drbd_clone: ResourceId = "filestorage-drbd-ms"
    application_group: ResourceId
    application_address: ResourceId
    diskspace: ResourceId
    diskspace_clone: ResourceId
    monitor: ResourceId
    monitor_clone: ResourceId


class ClusteredUnit(_Part):
    """A unit that runs on the active head only.

    `stop_timeout`, `start_timeout`: seconds, systemd's TimeoutStopSec= and TimeoutStartSec=; without one, the
    unit's own. `must_run_once`: where a stop has failed, it is not started elsewhere.
    """

    unit: Unit
    stop_timeout: Seconds | None = None
    start_timeout: Seconds | None = None
    must_run_once: bool = True


class ClusteredService(ClusteredUnit):
    """A service of the application and the id of its resource."""

    resource: ResourceId


class ServicesOnBothHeads(_Part):
    """Services that systemd keeps running."""

    units: tuple[Unit, ...] = ()


class Samba(ClusteredUnit):
    """The file server; one that hangs serves nothing: the file system below it is taken away."""

    must_run_once: bool = False


class Firewall(_Part):
    """A firewall that loads the iptables-restore(8) rules in a folder's files; `fragment` is ours among them."""

    service: Unit
    fragment: AbsolutePath


class Database(_Part):
    """The application's database; `user_data_query` gives the number of rows that users have put in."""

    name: Identifier
    owner: Identifier
    port: Port
    user_data_query: Text


class FileStorage(_Part):
    """Where the file storage is mounted, and how it is shared."""

    mount_point: AbsolutePath
    share: ShareName
    smb_user: Account
    owner: Account
    group: Account
    mode: Mode


class SecondHead(_Part):
    """What the second head takes over from the first one."""

    files_from_first_head: tuple[AbsolutePath, ...] = ()


class ClusterFile(_Part):
    """A file written on both heads; its text is a Jinja2 template of TEMPLATE_VARIABLES.

    `unit` reads it: restarted where it runs when the file changes; without one, the first clustered service.
    """

    path: AbsolutePath
    owner: Account
    group: Account
    mode: Mode
    unit: Unit | None = None
    template: FileText

    @property
    def mode_bits(self) -> int:
        """The mode as open(2) takes it."""
        return int(self.mode, 8)


class CertificateTarget(_Part):
    """Where a service has its certificate and key, and how it reads them again where it runs."""

    unit: Unit
    certificate: AbsolutePath
    private_key: AbsolutePath
    owner: Account
    group: Account
    certificate_mode: Mode = "0644"
    private_key_mode: Mode
    on_change: Literal["reload", "restart"] = "reload"

    @field_validator("private_key_mode")
    @classmethod
    def _closed_to_others(cls, mode: str) -> str:
        if int(mode, 8) & 0o007:
            raise ValueError("must keep others from reading the key")
        return mode


class Profile(_Part):
    """The whole profile; what a product does not have is left out."""

    product: Text
    installed: Installed
    hostnames: Hostnames
    resources: Resources
    clustered_services: Annotated[tuple[ClusteredService, ...], Field(min_length=1)]
    services_on_both_heads: ServicesOnBothHeads = ServicesOnBothHeads()
    firewall: Firewall | None = None
    # Both or neither: the file storage is shared with the servers that have it not mounted.
    samba: Samba | None = None
    filestorage: FileStorage | None = None
    database: Database
    second_head: SecondHead = SecondHead()
    files: tuple[ClusterFile, ...] = ()
    certificates: tuple[CertificateTarget, ...] = ()
    application: Application = Application()

    @property
    def clustered_units(self) -> tuple[ClusteredUnit, ...]:
        """All that run on the active head only: the file server, then the services in the order of their start."""
        return ((self.samba,) if self.samba else ()) + self.clustered_services


def load_profile(path: Path = DEFAULT_PROFILE) -> Profile:
    """The profile in this file; ProfileError holds every problem at once."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ProfileError(path, (error.strerror or str(error),)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(path, (str(error),)) from error
    try:
        # From JSON, where strict types still take a list for a tuple.
        profile = Profile.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        sentences = tuple(_sentence(detail["loc"], detail["msg"]) for detail in error.errors())
        raise ProfileError(path, sentences) from error
    problems = (*_repeated_ids(profile), *_halves(profile), *_bad_templates(profile))
    if problems:
        raise ProfileError(path, problems)
    return profile


def _sentence(location: tuple[int | str, ...], text: str) -> str:
    return f"{'.'.join(str(part) for part in location)}: {text.removeprefix('Value error, ')}"


def _halves(profile: Profile) -> Iterator[str]:
    if (profile.samba is None) != (profile.filestorage is None):
        yield "samba: must be there if filestorage is, and only then"
    if profile.filestorage is None and profile.application.file_storage is not None:
        yield "application.file_storage: there is no filestorage"


def _bad_templates(profile: Profile) -> Iterator[str]:
    # Whoever only wants the profile's types does without the module: it takes 0.05 s to load.
    from jinja2 import Environment, TemplateSyntaxError
    from jinja2.meta import find_undeclared_variables

    left_out = () if profile.filestorage else _FILESTORAGE_VARIABLES
    known = [name for name in TEMPLATE_VARIABLES if name not in left_out]
    environment = Environment(autoescape=False)  # noqa: S701 - nothing is rendered here
    for number, file in enumerate(profile.files):
        try:
            environment.from_string(file.template)
        except TemplateSyntaxError as error:
            yield f"files.{number}.template: line {error.lineno}: {error.message}"
            continue
        for name in sorted(find_undeclared_variables(environment.parse(file.template)) - set(known)):
            yield f"files.{number}.template: there is no {name}; here are {', '.join(known)}"


def _repeated_ids(profile: Profile) -> tuple[str, ...]:
    services = (service.resource for service in profile.clustered_services)
    ids = sorted((*profile.resources.model_dump().values(), *services))
    repeated = {first for first, second in pairwise(ids) if first == second}
    return tuple(f"resources: {name} is the id of two resources" for name in sorted(repeated))
