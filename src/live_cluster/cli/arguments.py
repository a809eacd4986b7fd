"""The arguments of `configure`: every option of the table, read so that all mistakes show at once.

click stops at the first mistake and words it in English, so the words are read here; click keeps the rest.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from live_cluster.cli.option_names import (
    CONFIG,
    DRY_RUN,
    FORMAT_FILESTORAGE,
    JSON,
    MIGRATE_FILESTORAGE,
    PASSPHRASE_FILE,
    PROFILE,
    PRUNE,
    REMOVE_MEDIA,
    VERBOSE,
    YES,
    Kind,
    OptionName,
    option_named,
    similar_option,
)
from live_cluster.cli.secret_input import STANDARD_INPUT, SecretSource, secrets_in
from live_cluster.cli.settings_file import STORED_DIRECTORY, read_settings_file, read_stored
from live_cluster.errors import Problem, Severity, problem, warning
from live_cluster.messages import message
from live_cluster.model.parameters import media_number
from live_cluster.model.raw_settings import Origin, RawSettings, RawValue, Source, shown
from live_cluster.model.settings import ClusterSettings
from live_cluster.model.settings_rules import settings_from
from live_cluster.model.value_types import BadValue, address_of

# What text processors make of two hyphens.
_DASHES = "—–―‒−‑"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What was asked for: the settings as texts, and how to run."""

    settings: RawSettings
    config: Path | None
    profile: Path | None
    passphrase_file: str | None
    dry_run: bool
    yes: bool
    as_json: bool
    prune: bool = False
    verbose: bool = False
    format_filestorage: bool = False
    migrate_filestorage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything besides the command line that settings may come from."""

    environment: Mapping[str, str]
    secrets: SecretSource
    stored_directory: Path = STORED_DIRECTORY

    @classmethod
    def of_process(cls) -> Inputs:
        """The inputs of this process."""
        return cls(environment=os.environ, secrets=SecretSource.of_process())


def configure_arguments(argv: Sequence[str], inputs: Inputs) -> tuple[Arguments, tuple[Problem, ...]]:
    """Read options, files and the environment; touches nothing, and every mistake is a problem."""
    spoken = read_words(argv)
    problems = list(spoken.problems)
    settings, faults = read_stored(inputs.stored_directory)
    problems += faults
    config = spoken.last(CONFIG)
    if config is not None:
        found, faults = read_settings_file(Path(config), Source.FILE)
        settings = settings.also(found)
        problems += faults
    settings = settings.also(secrets_in(inputs.environment))
    if spoken.last(PASSPHRASE_FILE) == STANDARD_INPUT:
        inputs.secrets.reserve(f"--{PASSPHRASE_FILE}")
    for name, path in spoken.secret_files:
        secret, faults = inputs.secrets.read(name, path)
        problems += faults
        if secret is not None:
            origin = Origin(source=Source.SECRET_FILE, detail=path)
            value = RawValue(name=name, text=secret.reveal(), origin=origin)
            settings = settings.also(RawSettings(given=(value,)))
    settings = settings.also(RawSettings(given=tuple(spoken.values)))
    removed, faults = _removed_media(spoken.last(REMOVE_MEDIA) or "", settings)
    problems += faults
    profile = spoken.last(PROFILE)
    arguments = Arguments(
        settings=settings.also(RawSettings(removed_media=removed)),
        config=Path(config) if config else None,
        profile=Path(profile) if profile else None,
        passphrase_file=spoken.last(PASSPHRASE_FILE),
        dry_run=DRY_RUN in spoken.run,
        yes=YES in spoken.run,
        as_json=JSON in spoken.run,
        prune=PRUNE in spoken.run,
        verbose=VERBOSE in spoken.run,
        format_filestorage=FORMAT_FILESTORAGE in spoken.run,
        migrate_filestorage=MIGRATE_FILESTORAGE in spoken.run,
    )
    return arguments, tuple(problems)


def _removed_media(text: str, settings: RawSettings) -> tuple[frozenset[str], tuple[Problem, ...]]:
    """Addresses to remove; one that is there no more is worth a warning, for a second run must change nothing."""
    found: list[str] = []
    problems: list[Problem] = []
    known = {value.text for value in settings.effective().values() if media_number(value.name)}
    for word in (one.strip() for one in text.split(",") if one.strip()):
        try:
            found.append(str(address_of(word)))
        except BadValue as fault:
            place = message("place-option", name=REMOVE_MEDIA)
            problems.append(
                problem(fault.code, option=REMOVE_MEDIA, place=place, value=shown(word), **fault.fields)
            )
            continue
        if found[-1] not in known:
            listed = ", ".join(sorted(known)) or "-"
            problems.append(warning("media-not-there", option=REMOVE_MEDIA, value=found[-1], known=listed))
    return frozenset(found), tuple(problems)


def settings_of(
    arguments: Arguments, problems: Sequence[Problem], *, has_filestorage: bool = True
) -> tuple[ClusterSettings | None, tuple[Problem, ...]]:
    """The settings and all problems, those of reading included; None where one of them is an error."""
    settings, found = settings_from(arguments.settings, has_filestorage=has_filestorage)
    # An option that could not be read is not missing as well: one mistake, one sentence.
    unread = {one.option for one in problems}
    more = (one for one in found if one.code != "option-missing" or one.option not in unread)
    together = (*problems, *more)
    has_error = any(one.severity is Severity.ERROR for one in together)
    return None if has_error else settings, together


@dataclass(slots=True, kw_only=True)
class SpokenWords:
    """The words of the command line, sorted; `run` holds the options that are no settings."""

    values: list[RawValue] = field(default_factory=list)
    secret_files: list[tuple[str, str]] = field(default_factory=list)
    run: dict[str, list[str]] = field(default_factory=dict)
    wants_help: bool = False
    problems: list[Problem] = field(default_factory=list)

    def last(self, name: str) -> str | None:
        """The value of a run option."""
        return self.run[name][-1] if name in self.run else None

    def take(self, option: OptionName, text: str) -> None:
        """Note one option with its value."""
        match option.kind:
            case Kind.SETTING:
                origin = Origin(source=Source.OPTION)
                self.values.append(RawValue(name=option.name, text=text, origin=origin))
            case Kind.SECRET_FILE:
                self.secret_files.append((option.name, text))
            case Kind.RUN:
                self._take_run_option(option, text)
            case Kind.HELP:
                self.wants_help = True

    def _take_run_option(self, option: OptionName, text: str) -> None:
        earlier = self.run.setdefault(option.name, [])
        earlier.append(text)
        if option.takes_value and len(earlier) == 2:
            code = "option-repeated" if earlier[0] != text else "option-repeated-same"
            make = problem if earlier[0] != text else warning
            self.problems.append(make(code, option=option.name, times=2))
        if option.takes_value and not text:
            self.problems.append(problem("option-without-value", option=option.name, metavar=option.metavar))


def read_words(argv: Sequence[str]) -> SpokenWords:
    """`--name value`, `--name=value` and `--switch`, in any order."""
    spoken = SpokenWords()
    words = deque(argv)
    last: OptionName | None = None
    while words:
        word = words.popleft()
        typed, equals, text = word.partition("=")
        option = option_named(typed)
        if option is None:
            spoken.problems.append(_unknown(word, words, last))
            last = None if _looks_like_option(word) else last
            continue
        last = option
        if not option.takes_value:
            if equals:
                spoken.problems.append(problem("flag-with-value", option=option.typed_name))
            else:
                spoken.take(option, "true")
        elif equals:
            spoken.take(option, text)
        elif words and not _is_option(words[0]):
            spoken.take(option, words.popleft())
        else:
            fault = problem("option-without-value", option=option.typed_name, metavar=option.metavar)
            spoken.problems.append(fault)
    return spoken


def _is_option(word: str) -> bool:
    """A value may begin with hyphens, but one that is spelled like an option is the next option."""
    return option_named(word.partition("=")[0]) is not None


def _looks_like_option(word: str) -> bool:
    return word[:1] in {"-", *_DASHES} and len(word) > 1 and not word[1].isdigit()


def _unknown(word: str, rest: deque[str], last: OptionName | None) -> Problem:
    """Why a word fits nowhere; takes what belongs to it from `rest`: one mistake, one sentence."""
    if _looks_like_option(word):
        # What follows an unknown option is most likely its value.
        if "=" not in word and rest and not _looks_like_option(rest[0]):
            rest.popleft()
        return _unknown_option(word.partition("=")[0])
    if not word.strip():
        return problem("argument-blank")
    stray = [word]
    while rest and rest[0].strip() and not _looks_like_option(rest[0]):
        stray.append(rest.popleft())
    if last is None or not last.takes_value:
        return problem("argument-stray-first", value=shown(" ".join(stray)))
    # Words after a password are most likely the rest of it.
    value = "…" if last.is_secret else shown(" ".join(stray))
    return problem("argument-stray", option=last.typed_name, value=value)


def _unknown_option(typed: str) -> Problem:
    bare = typed.lstrip("-" + _DASHES)
    similar = similar_option(bare)
    if typed[0] in _DASHES:
        return problem("argument-long-dash", option=bare, value=shown(typed), similar=similar or f"--{bare}")
    if similar is None:
        return problem("option-unknown", option=bare, typed=shown(typed))
    return problem("option-unknown-similar", option=bare, typed=shown(typed), similar=similar)
