"""B7: every problem at once, each naming its option; nothing is accepted and ignored."""

from __future__ import annotations

import pytest
from bad_inputs import BAD_INPUTS, BadInput
from input_cases import World, codes

from live_cluster.errors import Severity
from live_cluster.messages import catalogue, render


@pytest.mark.parametrize(
    "case", BAD_INPUTS, ids=[case.name.encode("unicode_escape").decode() for case in BAD_INPUTS]
)
def test_bad_input_shows_all_its_problems(world: World, case: BadInput) -> None:
    for name, content in case.files.items():
        world.write(name, content)
    world.environment.update(case.environment)
    world.stdin = case.stdin
    words = [word.replace("{directory}", str(world.directory)) for word in case.words]
    _, settings, problems = world.read(words)
    assert codes(problems) == case.shows
    assert settings is None
    assert any(one.severity is Severity.ERROR for one in problems)
    for one in problems:
        assert one.code in catalogue("en")
        for language in ("en", "ru"):
            sentence = render(one.message, language)
            assert sentence.isprintable()


def test_the_table_is_big_enough() -> None:
    assert len(BAD_INPUTS) >= 60
    assert len({case.name for case in BAD_INPUTS}) == len(BAD_INPUTS)
