"""Settings files: what is written is read back letter by letter, and passwords stay apart."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st
from input_cases import World, codes, good_but

from live_cluster.cli.settings_file import cluster_toml, parse_settings, secrets_toml
from live_cluster.model.parameters import PARAMETERS, media_name, table_order
from live_cluster.model.raw_settings import Origin, RawSettings, Source, options
from live_cluster.model.subjects.network import MEDIA_NODE

STORED = Origin(source=Source.STORED, detail="a file")
VALUES = [row for row in PARAMETERS if not row.is_flag and row is not MEDIA_NODE]
NAMES = st.sampled_from([*(row.name for row in VALUES), *(media_name(number) for number in (1, 2, 10))])
# Whatever a shell can pass on and UTF-8 can carry, line breaks and control characters included.
TEXTS = st.text(st.characters(codec="utf-8"))


def effective_texts(raw: RawSettings) -> dict[str, str]:
    return {name: value.text for name, value in raw.effective().items()}


@given(st.dictionaries(NAMES, TEXTS))
def test_every_text_comes_back_unchanged(settings: dict[str, str]) -> None:
    raw = options(settings)
    back = RawSettings()
    for text in (cluster_toml(raw), secrets_toml(raw)):
        found, problems = parse_settings(text, STORED)
        assert not problems
        back = back.also(found)
    assert effective_texts(back) == settings


@given(st.dictionaries(NAMES, TEXTS))
def test_writing_again_changes_nothing(settings: dict[str, str]) -> None:
    raw = options(settings)
    once, _ = parse_settings(cluster_toml(raw), STORED)
    assert cluster_toml(once) == cluster_toml(raw)


@given(st.text(st.characters(codec="utf-8")))
def test_any_file_is_settings_or_problems(text: str) -> None:
    settings, problems = parse_settings(text, STORED)
    assert settings.given or problems or not tomllib.loads(text)


@given(st.text(alphabet="ab=\"'[]{}.#,\n\\ 0123456789-ptoken"))
def test_any_text_like_toml_is_settings_or_problems(text: str) -> None:
    parse_settings(text, STORED)


def test_the_file_is_in_the_order_of_the_table() -> None:
    raw = options({"token": "3000", "media-node-10-ip": "a", "media-node-2-ip": "b", "head-node-1-ip": "c"})
    keys = list(tomllib.loads(cluster_toml(raw)))
    assert keys == ["head-node-1-ip", "media-node-2-ip", "media-node-10-ip", "token"]
    assert keys == sorted(keys, key=table_order)


def test_numbers_and_switches_look_like_such() -> None:
    text = cluster_toml(options({"token": "3000", "smsc-disable": "true"}))
    assert tomllib.loads(text) == {"token": 3000, "smsc-disable": True}


def test_passwords_stand_in_the_other_file_only() -> None:
    raw = options({"public-ip": "10.81.0.100", "smsc-password": "hunter2"})
    assert "hunter2" not in cluster_toml(raw)
    assert "10.81.0.100" not in secrets_toml(raw)
    assert tomllib.loads(secrets_toml(raw)) == {"smsc-password": "hunter2"}
    assert "live-cluster configure" in cluster_toml(raw).splitlines()[0]


def test_a_switch_that_is_false_says_nothing() -> None:
    settings, problems = parse_settings("smsc-disable = false\n", STORED)
    assert not problems
    assert not settings.given


def test_a_byte_order_mark_is_no_mistake(world: World) -> None:
    path = world.write("c.toml", b"\xef\xbb\xbftoken = 5000\r\n")
    _, settings, problems = world.read([*good_but(), "--config", str(path)])
    assert not problems
    assert settings is not None
    assert settings.token_ms == 5000


def test_an_open_file_with_passwords_is_warned_about(world: World) -> None:
    path = world.write("c.toml", 'smsc-password = "p"\n', mode=0o644)
    _, _, problems = world.read([*good_but(), "--config", str(path)])
    assert "settings-file-secret-visible" in codes(problems)
    plain = world.write("d.toml", "token = 5000\n", mode=0o644)
    _, _, problems = world.read([*good_but(), "--config", str(plain)])
    assert not problems


def test_a_syntax_error_names_its_line(world: World) -> None:
    path = world.write("c.toml", "token = 3000\n\npublic-ip = 10.81.0.100\n")
    _, _, problems = world.read([*good_but(), "--config", str(path)])
    assert [one.message.field("line") for one in problems] == [3]


def test_an_unknown_key_names_its_line_and_the_likely_name(world: World) -> None:
    path = world.write("c.toml", '# comment\ntoken = 3000\n"databse-ip" = "1"\n')
    _, _, problems = world.read([*good_but(), "--config", str(path)])
    assert [(one.message.field("line"), one.message.field("similar")) for one in problems] == [
        (3, "database-ip")
    ]
