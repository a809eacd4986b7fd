"""The passphrase of an installation: seven words that hold 77 random bits and 7 bits to check them."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from live_cluster.errors import InputRejected, problem

WORD_COUNT = 7
BITS_PER_WORD = 12
# Whoever sees a CA's public key can guess offline; at 0.1 s and 64 MiB a guess, 2^77 is out of reach for good.
RANDOM_BITS = 77
CHECK_BITS = WORD_COUNT * BITS_PER_WORD - RANDOM_BITS

# Words typed with the Russian keyboard layout on are understood as the keys that were pressed.
_LATIN_KEYS = str.maketrans("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm")


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Words that pass their check; never shown by repr()."""

    words: tuple[str, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """The one spelling that the key is derived from."""
        return " ".join(self.words)


def new_passphrase() -> Passphrase:
    """A passphrase that nobody has seen before, from the system's random source."""
    return _passphrase_of(secrets.randbits(RANDOM_BITS))


def parse_passphrase(text: str) -> Passphrase:
    """The passphrase in `text`, however spaced; InputRejected says what is wrong without repeating it."""
    words = tuple(text.lower().translate(_LATIN_KEYS).replace("-", " ").split())
    if len(words) != WORD_COUNT:
        raise InputRejected(problem("passphrase-word-count", wanted=WORD_COUNT, found=len(words)))
    numbers = _numbers_by_word()
    unknown = [place for place, word in enumerate(words, start=1) if word not in numbers]
    if unknown:
        raise InputRejected(problem("passphrase-unknown-words", places=", ".join(map(str, unknown))))
    value = 0
    for word in words:
        value = value << BITS_PER_WORD | numbers[word]
    if _passphrase_of(value >> CHECK_BITS).words != words:
        raise InputRejected(problem("passphrase-check-failed"))
    return Passphrase(words)


def _passphrase_of(random_value: int) -> Passphrase:
    value = random_value << CHECK_BITS | _check_value(random_value)
    words = word_list()
    shifts = range((WORD_COUNT - 1) * BITS_PER_WORD, -1, -BITS_PER_WORD)
    return Passphrase(tuple(words[value >> shift & (len(words) - 1)] for shift in shifts))


def _check_value(random_value: int) -> int:
    digest = hashlib.sha256(b"live-cluster/v1/passphrase-check/" + random_value.to_bytes(10, "big")).digest()
    return digest[0] >> (8 - CHECK_BITS)


@cache
def word_list() -> tuple[str, ...]:
    """All words in order; their places in it are part of the format and never change."""
    text = files(__package__).joinpath("words.txt").read_text(encoding="ascii")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _numbers_by_word() -> dict[str, int]:
    return {word: number for number, word in enumerate(word_list())}
