"""Where the site key comes from: a passphrase file, the key file of this server, or the administrator."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from live_cluster.access.passphrase import Passphrase, new_passphrase, parse_passphrase
from live_cluster.access.site_key import (
    SITE_KEY_FILE,
    SiteSecret,
    secret_from_key_file,
    secret_from_passphrase,
)
from live_cluster.errors import InputRejected, Problem, problem, warning

FILE_VARIABLE = "LIVE_CLUSTER_PASSPHRASE_FILE"
ATTEMPTS = 3
# More than any passphrase; a wrong file (a disk, a log) is not read to its end.
PASSPHRASE_FILE_LIMIT_BYTES = 4096

# Shows a sentence (message code), returns what was typed.
Ask = Callable[[str], str]
Tell = Callable[[Problem], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSources:
    """In order of precedence: the option, the environment, the key file, the administrator."""

    passphrase_file: str = ""
    environment: Mapping[str, str]
    key_file: Path = SITE_KEY_FILE
    ask: Ask | None = None
    tell: Tell = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenSecret:
    """`fresh` is the passphrase that was made just now and that nobody knows yet."""

    secret: SiteSecret
    fresh: Passphrase | None = None


def find_secret(sources: SecretSources) -> SiteSecret:
    """The site key of this installation; InputRejected where no source has one."""
    given = _given_secret(sources)
    if given:
        return given
    passphrase = _asked_passphrase(sources, "passphrase-prompt")
    if passphrase is None:
        raise InputRejected(problem("passphrase-missing", option="passphrase-file"))
    return secret_from_passphrase(passphrase)


def find_or_make_secret(sources: SecretSources) -> ChosenSecret:
    """The same, but an empty answer of the administrator makes a new passphrase: the first server."""
    given = _given_secret(sources)
    if given:
        return ChosenSecret(secret=given)
    passphrase = _asked_passphrase(sources, "passphrase-prompt-first")
    if passphrase is None:
        return make_secret(sources)
    return ChosenSecret(secret=secret_from_passphrase(passphrase))


def make_secret(sources: SecretSources) -> ChosenSecret:
    """A new installation; InputRejected where the key file of this server says otherwise."""
    if sources.key_file.exists():
        raise InputRejected(problem("generate-beside-site-key", option="generate", path=sources.key_file))
    fresh = new_passphrase()
    return ChosenSecret(secret=secret_from_passphrase(fresh), fresh=fresh)


def _given_secret(sources: SecretSources) -> SiteSecret | None:
    file = sources.passphrase_file or sources.environment.get(FILE_VARIABLE, "")
    if file:
        return secret_from_passphrase(parse_passphrase(_read_passphrase(file, sources.tell)))
    if sources.key_file.exists():
        return secret_from_key_file(sources.key_file)
    return None


def _asked_passphrase(sources: SecretSources, sentence: str) -> Passphrase | None:
    """None for an empty answer; InputRejected where nobody can be asked or after three wrong answers."""
    if sources.ask is None:
        raise InputRejected(problem("passphrase-missing", option="passphrase-file"))
    for attempt in range(1, ATTEMPTS + 1):
        text = sources.ask(sentence)
        if not text.strip():
            return None
        try:
            return parse_passphrase(text)
        except InputRejected as error:
            if attempt == ATTEMPTS:
                raise
            for entry in error.problems:
                sources.tell(entry)
    return None


def _read_passphrase(name: str, tell: Tell) -> str:
    try:
        if name == "-":
            content = sys.stdin.buffer.read(PASSPHRASE_FILE_LIMIT_BYTES)
        else:
            path = Path(name)
            mode = path.stat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
                tell(warning("passphrase-file-readable", option="passphrase-file", path=name))
            with path.open("rb") as file:
                content = file.read(PASSPHRASE_FILE_LIMIT_BYTES)
        return content.decode("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError:
        # Bytes that are no UTF-8, or a file name that no system knows.
        reason = "not text"
    raise InputRejected(
        problem("passphrase-file-unreadable", option="passphrase-file", path=name, reason=reason)
    )
