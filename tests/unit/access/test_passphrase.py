"""Passphrases: every slip of the finger is noticed, every layout of the same words is understood."""

from itertools import combinations
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_cluster.access import passphrase
from live_cluster.access.passphrase import (
    CHECK_BITS,
    RANDOM_BITS,
    WORD_COUNT,
    new_passphrase,
    parse_passphrase,
    word_list,
)
from live_cluster.errors import InputRejected

words_of_the_list = st.sampled_from(word_list())


def code_of(text: str) -> str:
    with pytest.raises(InputRejected) as raised:
        parse_passphrase(text)
    return raised.value.problems[0].code


def test_word_list_is_easy_to_type() -> None:
    words = word_list()
    assert len(words) == len(set(words)) == 4096
    assert list(words) == sorted(words)
    assert all(word.isascii() and word.isalpha() and word.islower() and 3 <= len(word) <= 7 for word in words)


def test_no_two_words_differ_by_one_letter_or_one_swap() -> None:
    words = set(word_list())
    by_gap: dict[tuple[int, str], str] = {}
    for word in sorted(words):
        for place in range(len(word)):
            rest = word[:place] + word[place + 1 :]
            assert rest not in words, f"{word} without a letter is {rest}"
            assert (place, rest) not in by_gap, f"{word} and {by_gap[place, rest]} differ by one letter"
            by_gap[place, rest] = word
        for place in range(len(word) - 1):
            swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
            assert swapped == word or swapped not in words


def test_passphrase_has_77_random_bits() -> None:
    assert RANDOM_BITS >= 77
    assert WORD_COUNT * log2(len(word_list())) == RANDOM_BITS + CHECK_BITS


def test_new_passphrases_are_distinct_and_pass_their_check() -> None:
    made = {new_passphrase().text for _ in range(200)}
    assert len(made) == 200
    assert all(parse_passphrase(text).text == text for text in made)


def test_words_are_a_fixed_function_of_the_bits() -> None:
    """The format must never change: passphrases outlive versions."""
    assert passphrase._passphrase_of(0).text == "aback aback aback aback aback aback alias"
    assert passphrase._passphrase_of(2**77 - 1).text == "zombie zombie zombie zombie zombie zombie wash"


@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        lambda text: text.replace(" ", "-"),
        lambda text: text.replace(" ", "\t \n"),
        lambda text: f"  {text}\r\n",
        lambda text: text.translate(
            str.maketrans("qwertyuiopasdfghjklzxcvbnm", "йцукенгшщзфывапролдячсмить")
        ),
    ],
    ids=["upper case", "hyphens", "other blanks", "line end", "Russian keyboard layout"],
)
def test_spelling_does_not_matter(spell) -> None:  # type: ignore[no-untyped-def]
    made = new_passphrase()
    assert parse_passphrase(spell(made.text)) == made


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "passphrase-word-count"),
        ("aback", "passphrase-word-count"),
        ("correct horse battery staple", "passphrase-word-count"),
        ("aback aback aback aback aback aback alias aback", "passphrase-word-count"),
        ("aback aback aback aback aback aback aliass", "passphrase-unknown-words"),
        ("aback aback aback aback aback aback aback", "passphrase-check-failed"),
        ("alias aback aback aback aback aback aback", "passphrase-check-failed"),
        ("пароль пароль пароль пароль пароль пароль пароль", "passphrase-unknown-words"),
        ("\0 \0 \0 \0 \0 \0 \0", "passphrase-unknown-words"),
    ],
)
def test_wrong_passphrases(text: str, code: str) -> None:
    assert code_of(text) == code


def test_places_of_unknown_words_are_named_but_not_the_words() -> None:
    with pytest.raises(InputRejected) as raised:
        parse_passphrase("aback secretone aback aback aback secrettwo aback")
    message = raised.value.problems[0].message
    assert message.field("places") == "2, 6"
    assert "secret" not in repr(message)


def test_swapped_words_are_noticed_nearly_always() -> None:
    noticed = tried = 0
    for _ in range(30):
        words = list(new_passphrase().words)
        for first, second in combinations(range(WORD_COUNT), 2):
            swapped = list(words)
            swapped[first], swapped[second] = words[second], words[first]
            if swapped != words:
                tried += 1
                noticed += _is_rejected(" ".join(swapped))
    # 1 of 128 passes by chance.
    assert noticed > 0.96 * tried


def _is_rejected(text: str) -> bool:
    try:
        parse_passphrase(text)
    except InputRejected:
        return True
    return False


@given(st.text())
def test_any_text_is_a_passphrase_or_a_problem(text: str) -> None:
    _is_rejected(text)


@given(st.lists(words_of_the_list, min_size=WORD_COUNT, max_size=WORD_COUNT))
def test_words_of_the_list_are_kept_as_they_are_or_refused(words: list[str]) -> None:
    text = " ".join(words)
    assert _is_rejected(text) or parse_passphrase(text).text == text


def test_passphrase_is_not_shown_by_repr() -> None:
    made = new_passphrase()
    assert not any(word in repr(made) for word in made.words)
