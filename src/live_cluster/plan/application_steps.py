"""The application's settings in its database: waited for, compared, written in one transaction, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from live_cluster.errors import Problem, problem
from live_cluster.messages import message
from live_cluster.model.profile_application import Application
from live_cluster.model.settings import Secret
from live_cluster.model.statements import SqlValue, parameters_of
from live_cluster.plan.application_values import (
    Row,
    Value,
    Wanted,
    WantedMedia,
    wanted_media,
    wanted_values,
)
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.step import Check, Impact, Replies, Step, always
from live_cluster.probes.head import question
from live_cluster.remote.requests import Command, CommandResult, Reply, Request
from live_cluster.render.application_sql import MEDIA_SERVERS, read_all, write_all

# The application makes its tables at its first start; a busy machine takes its time.
TABLES_DEADLINE_S = 300.0
_MAX_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the application has: a row for each subject; None where it could not be asked."""

    rows: Mapping[str, Row] | None
    media: frozenset[str] = frozenset()

    def row(self, subject: str) -> Row:
        """Empty where there is no row."""
        return (self.rows or {}).get(subject, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Everything that is wanted of the application; `media` is None where the profile knows no media servers."""

    rows: tuple[Wanted, ...]
    media: WantedMedia | None

    def added(self, now: Present) -> dict[str, str]:
        """Media servers that are missing: address to name."""
        there = self.media.there if self.media else {}
        return {address: name for address, name in there.items() if address not in now.media}

    def removed(self, now: Present) -> tuple[str, ...]:
        """Media servers that should not be there any more."""
        return tuple(sorted(now.media & self.media.gone)) if self.media else ()

    def missing(self, now: Present) -> Iterator[str]:
        """Names of what is not as wanted; values may be secret."""
        for one in self.rows:
            yield from (one.label(column) for column in _differences(one, now))
        yield from (f"media server {address}" for address in (*self.added(now), *self.removed(now)))


def application_steps(plan: Blueprint) -> tuple[Step, ...]:
    """On the head with the primary; nothing where the profile knows no settings.

    Nothing either while the resources are stopped on purpose: `configure` warns of it. Where they are stopped only
    after that, the settings cannot be written, which is an error like any other.
    """
    if plan.facts.asleep:
        return ()
    application = plan.profile.application
    media = wanted_media(plan.settings, plan.profile) if application.media_servers else None
    wanted = All(rows=wanted_values(plan.settings, plan.profile), media=media)
    if not wanted.rows and wanted.media is None:
        return ()
    return (_ready(plan), _settings(plan, wanted))


def _ready(plan: Blueprint) -> Step:
    ask = _reading(plan)

    def missing(replies: Replies) -> str:
        reply = replies[0]
        return reply.error_text.strip() if isinstance(reply, CommandResult) else ""

    return Step(
        code="application-ready",
        node=plan.primary,
        title=message("step-application-ready"),
        impact=Impact.NONE,
        actions=always(),
        check=Check(
            requests=(ask,),
            holds=lambda replies: _answered(replies[0]),
            missing=missing,
        ),
        deadline_s=TABLES_DEADLINE_S,
    )


def _settings(plan: Blueprint, wanted: All) -> Step:
    def holds(replies: Replies) -> bool:
        now = present_in(replies[0])
        return now.rows is not None and not any(wanted.missing(now))

    def actions(replies: Replies) -> tuple[Request, ...]:
        writes = _writes(plan.profile.application, wanted, present_in(replies[0]))
        database = plan.profile.database
        write = question(write_all(writes), database=database.name, port=database.port)
        return (Command(argv=write.argv, stdin=write.stdin, changes_node=True, timeout_s=120),)

    def describe(replies: Replies) -> str:
        now = present_in(replies[0])
        lines = [line for one in wanted.rows for line in _lines(one, now)]
        lines += [f"+ media server {address} ({name})" for address, name in wanted.added(now).items()]
        lines += [f"- media server {address}" for address in wanted.removed(now)]
        return "".join(f"{line}\n" for line in lines)

    return Step(
        code="application-settings",
        node=plan.primary,
        title=message("step-application-settings"),
        impact=Impact.NONE,
        actions=actions,
        check=Check(
            requests=(_reading(plan),),
            holds=holds,
            missing=lambda replies: _missing(wanted, present_in(replies[0])),
        ),
        describe=describe,
        always_shown=True,
        explain=lambda result: _explain(plan.primary, result, wanted.rows),
    )


def present_in(reply: Reply) -> Present:
    """The rows in the answer to the question about all settings."""
    if not _answered(reply):
        return Present(rows=None)
    assert isinstance(reply, CommandResult)
    rows: dict[str, Row] = {}
    media: set[str] = set()
    for line in reply.text.splitlines():
        found = json.loads(line)
        if found["of"] == MEDIA_SERVERS:
            media.add(str(found["row"].get("address")))
        else:
            rows.setdefault(found["of"], found["row"])
    return Present(rows=rows, media=frozenset(media))


def _writes(application: Application, wanted: All, now: Present) -> list[tuple[str, Mapping[str, SqlValue]]]:
    """Statements with their values, only for what differs."""
    statements = {key: one.write for key, one in application.statements()}
    writes = [
        (statements[one.subject], _values(statements[one.subject], one.target(now.row(one.subject))))
        for one in wanted.rows
        if any(_differences(one, now))
    ]
    media = application.media_servers
    if media is not None:
        # New ones first: conferences of a server that is removed find another one.
        added = wanted.added(now).items()
        writes += [(media.add, {"address": address, "name": name}) for address, name in added]
        writes += [(media.remove, {"address": address}) for address in wanted.removed(now)]
    return writes


def _reading(plan: Blueprint) -> Command:
    database = plan.profile.database
    return question(read_all(plan.profile.application), database=database.name, port=database.port)


def _answered(reply: Reply) -> bool:
    return isinstance(reply, CommandResult) and reply.ok


def _differences(wanted: Wanted, now: Present) -> dict[str, tuple[Value, Value]]:
    """Column to present and wanted value, where they differ."""
    row = now.row(wanted.subject)
    target = wanted.target(row)
    return {
        column: (row.get(column), value)
        for column, value in target.items()
        if column in wanted.values and not _same(row.get(column), value)
    }


def _same(present: Value, value: Value) -> bool:
    """An empty text is as good as none: which of the two an application keeps is its own affair.

    Content is compared by its digest, which is a column of its own.
    """
    if isinstance(value, bytes):
        return True
    plain = value.reveal() if isinstance(value, Secret) else value
    return (present if present != "" else None) == (plain if plain != "" else None)


def _values(statement: str, row: Row) -> Mapping[str, SqlValue]:
    """A value for each parameter; what the application has no value for is null."""

    def plain(value: Value) -> SqlValue:
        return value.reveal() if isinstance(value, Secret) else value

    return {name: plain(row.get(name)) for name in parameters_of(statement)}


def _lines(wanted: Wanted, now: Present) -> Iterator[str]:
    for column, (present, value) in _differences(wanted, now).items():
        label = wanted.label(column)
        is_secret = isinstance(value, Secret) or column == "password"
        if is_secret:
            yield f"{label}: changed"
        elif now.rows is None:
            yield f"{label}: → {_shown(value)}"
        else:
            yield f"{label}: {_shown(present)} → {_shown(value)}"


def _shown(value: Value) -> str:
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case str():
            return f"“{value[:_MAX_SHOWN]}{'…' * (len(value) > _MAX_SHOWN)}”"
        case _:
            return str(value)


def _missing(wanted: All, now: Present) -> str:
    if now.rows is None:
        return "the database does not answer"
    return ", ".join(dict.fromkeys(wanted.missing(now)))


def _explain(node: str, result: CommandResult, wanted: tuple[Wanted, ...]) -> Problem:
    """The server's words; a value that is secret is none of them."""
    text = result.error_text.strip()[-500:]
    for one in wanted:
        for value in one.values.values():
            if isinstance(value, Secret):
                text = text.replace(value.reveal(), str(value))
    if "read-only transaction" in text:
        return problem("application-database-moved", node=node)
    # psql's words: also for an end while the server confirms the transaction.
    if "connection to server was lost" in text or "server closed the connection" in text:
        return problem("application-connection-lost", node=node, reason=" ".join(text.split()))
    return problem("application-not-written", node=node, reason=text)
