"""Whatever stands on the command line: problems or settings, never a traceback."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from input_cases import GOOD, World, words_of

from live_cluster.cli.option_names import RUN_OPTIONS
from live_cluster.messages import render
from live_cluster.model.parameters import PARAMETERS

NAMES = [row.name for row in PARAMETERS]
OPTIONS = [f"--{name}" for name in (*NAMES, *(one.name for one in RUN_OPTIONS), "smsc-password-file", "help")]
# Surrogates are what Python makes of broken UTF-8 on the command line.
TEXTS = st.text(st.characters(), max_size=20)
WORDS = st.one_of(
    st.sampled_from(OPTIONS),
    TEXTS,
    st.builds("{}={}".format, st.sampled_from(OPTIONS), TEXTS),
    st.builds("--{}".format, TEXTS),
    st.sampled_from(
        ["10.81.0.1", "", " ", "-", "--", "=", "--=", "—", "/dev/lun", "//nas/x", "--media-node-0-ip"]
    ),
)
OFTEN = settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@OFTEN
@given(words=st.lists(WORDS, max_size=8))
@example(words=["--config", "\udcff"])
@example(words=["--config", "\0"])
@example(words=["--smsc-password-file", "\ud800"])
@example(words=["--license-file=\ud800"])
def test_any_words_are_settings_or_problems(world: World, words: list[str]) -> None:
    _, found, problems = world.read(words)
    assert found is not None or problems
    for one in problems:
        assert render(one.message, "en").isprintable()
        assert render(one.message, "ru").isprintable()


@OFTEN
@given(changes=st.dictionaries(st.sampled_from([*GOOD, "token", "token-retransmits"]), TEXTS, max_size=3))
def test_a_right_command_line_with_any_texts(world: World, changes: dict[str, str]) -> None:
    arguments, found, problems = world.read([f"--{name}={text}" for name, text in (GOOD | changes).items()])
    for name, text in changes.items():
        assert arguments.settings.text(name) == text
    assert found is not None or problems


@OFTEN
@given(order=st.permutations(list(GOOD)))
def test_the_order_of_options_does_not_matter(world: World, order: list[str]) -> None:
    _, found, problems = world.read(words_of({name: GOOD[name] for name in order}))
    assert not problems
    assert found == world.read(words_of(GOOD))[1]
