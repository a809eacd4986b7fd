"""Our part in other people's files: nothing outside of it ever changes."""

from hypothesis import given
from hypothesis import strategies as st

from live_cluster.render.ownership import BLOCK_BEGIN, BLOCK_END, lines_of, with_block, without_block

BLOCK = "one\ntwo"
MARKED = f"{BLOCK_BEGIN}\none\ntwo\n{BLOCK_END}\n"
# Whatever the marks look like, and everything that some tool takes for the end of a line.
pieces = st.sampled_from(
    [BLOCK_BEGIN, BLOCK_END, "text", " ", "\n", "\r\n", "\x0c", "\x85", "\u2028", "#", "ё"]
)
texts = st.one_of(st.text(), st.lists(pieces, max_size=30).map("".join))


@given(texts)
def test_what_stands_outside_stays(text: str) -> None:
    assert with_block(text, BLOCK).startswith(without_block(text))


@given(texts)
def test_a_second_time_changes_nothing(text: str) -> None:
    once = with_block(text, BLOCK)
    assert with_block(once, BLOCK) == once


@given(texts.filter(lambda text: "live-cluster" not in text))
def test_the_block_can_be_taken_out_again(text: str) -> None:
    added = "" if not text or text.endswith("\n") else "\n"
    assert without_block(with_block(text, BLOCK)) == text + added


@given(texts)
def test_lines_are_the_whole_text(text: str) -> None:
    assert "".join(lines_of(text)) == text


def test_the_block_is_replaced_wherever_it_stands() -> None:
    before = f"top\n{BLOCK_BEGIN}\nold\n{BLOCK_END}\nbottom\n"
    assert with_block(before, BLOCK) == "top\nbottom\n" + MARKED


def test_a_block_without_end_takes_nothing_with_it() -> None:
    assert without_block(f"top\n{BLOCK_BEGIN}\nmine\nalso mine\n") == "top\nmine\nalso mine\n"
    assert without_block(f"{BLOCK_BEGIN}\nmine\n{BLOCK_BEGIN}\nours\n{BLOCK_END}\n") == "mine\n"
