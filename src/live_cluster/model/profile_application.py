"""The profile's part about the application's own settings: the SQL that reads and writes each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from live_cluster.model.statements import one_statement, parameters_of

Statement = Annotated[str, AfterValidator(one_statement)]
Word = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]+$")]
Argv = Annotated[tuple[Word, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Statements(_Part):
    """One thing in the application: `read` gives one row whose columns have the names of `write`'s parameters."""

    read: Statement
    write: Statement


class MediaServerStatements(_Part):
    """The list of media servers: `read` gives a row with `address` for each."""

    read: Statement
    add: Statement
    remove: Statement


class MessageCommands(_Part):
    """Commands of the application that send one message to the recipient who follows as the last word."""

    mail: Argv | None = None
    sms: Argv | None = None


def _refuse_parameters(statement: str, key: str) -> None:
    if parameters_of(statement):
        raise ValueError(f"{key}: must use no parameters")


def _check_parameters(statement: str, key: str, known: tuple[str, ...]) -> None:
    used = parameters_of(statement)
    unknown = sorted(used - set(known))
    words = ", ".join(f":{name}" for name in known)
    if unknown:
        raise ValueError(f"{key}: there is no parameter :{unknown[0]}; here are {words}")
    if not used:
        raise ValueError(f"{key}: must use a parameter; here are {words}")


def _knows(*known: str) -> AfterValidator:
    def check(value: Statements) -> Statements:
        _refuse_parameters(value.read, "read")
        _check_parameters(value.write, "write", known)
        return value

    return AfterValidator(check)


def _check_media(value: MediaServerStatements) -> MediaServerStatements:
    _refuse_parameters(value.read, "read")
    _check_parameters(value.add, "add", ("address", "name"))
    _check_parameters(value.remove, "remove", ("address",))
    return value


class Application(_Part):
    """What of the application's settings `configure` can set; what is missing here cannot be set.

    `license_check` reads a license on standard input; its argument is the server instance id, if one is forced.
    """

    web_address: Annotated[Statements, _knows("web_address")] | None = None
    sip_proxy: Annotated[Statements, _knows("outgoing_sip_proxy")] | None = None
    sip_header: Annotated[Statements, _knows("sip_from_header")] | None = None
    h323_header: Annotated[Statements, _knows("h323_from_header")] | None = None
    # Before the file: the application must already have the id that the license is made for.
    license_instance: Annotated[Statements, _knows("server_instance_id")] | None = None
    license_file: Annotated[Statements, _knows("content", "sha256", "file_name")] | None = None
    license_check: Argv | None = None
    mail: Annotated[Statements, _knows("enabled", "hostname", "port", "username", "password")] | None = None
    sms: (
        Annotated[Statements, _knows("enabled", "host", "port", "username", "password", "sender_address")]
        | None
    ) = None
    file_storage: Annotated[Statements, _knows("enabled", "address", "share", "mount_point")] | None = None
    media_servers: Annotated[MediaServerStatements, AfterValidator(_check_media)] | None = None
    test: MessageCommands = MessageCommands()

    def statements(self) -> Iterator[tuple[str, Statements]]:
        """Key and statements of everything that is one row, in the order in which it is written."""
        for key in type(self).model_fields:
            value = getattr(self, key)
            if isinstance(value, Statements):
                yield key, value
