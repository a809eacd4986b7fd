"""Where the site key comes from, and in which order."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from live_cluster.access import entry
from live_cluster.access.entry import (
    FILE_VARIABLE,
    SecretSources,
    find_or_make_secret,
    find_secret,
    make_secret,
)
from live_cluster.access.passphrase import Passphrase, new_passphrase
from live_cluster.access.site_key import SiteSecret
from live_cluster.errors import InputRejected, LiveClusterError, Problem

FROM_KEY_FILE = SiteSecret(bytes(32))


def secret_of(passphrase: Passphrase) -> SiteSecret:
    return SiteSecret(passphrase.text.encode())


@pytest.fixture(autouse=True)
def _quick_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "secret_from_passphrase", secret_of)
    monkeypatch.setattr(entry, "secret_from_key_file", lambda _: FROM_KEY_FILE)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.write_bytes(base64.b64encode(bytes(range(32))))
    return path


def written(directory: Path, text: str, mode: int = 0o600) -> str:
    path = directory / "passphrase"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


class Administrator:
    """Answers in order; remembers what was asked and what was told."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.asked: list[str] = []
        self.told: list[str] = []

    def ask(self, sentence: str) -> str:
        self.asked.append(sentence)
        return next(self._answers)

    def tell(self, problem: Problem) -> None:
        self.told.append(problem.code)


NOWHERE = Path("/nonexistent/site.key")


def sources_of(administrator: Administrator, key_file: Path = NOWHERE) -> SecretSources:
    return SecretSources(environment={}, key_file=key_file, ask=administrator.ask, tell=administrator.tell)


def code_of(error: LiveClusterError) -> str:
    return error.problems[0].code


def test_option_comes_before_environment_before_key_file(tmp_path: Path, key_file: Path) -> None:
    first, second = new_passphrase(), new_passphrase()
    (tmp_path / "1").mkdir()
    option, variable = written(tmp_path, first.text), written(tmp_path / "1", second.text)
    environment = {FILE_VARIABLE: variable}
    everything = SecretSources(passphrase_file=option, environment=environment, key_file=key_file)
    assert find_secret(everything) == secret_of(first)
    assert find_secret(SecretSources(environment=environment, key_file=key_file)) == secret_of(second)
    assert find_secret(SecretSources(environment={}, key_file=key_file)) == FROM_KEY_FILE


def test_key_file_comes_before_the_question(key_file: Path) -> None:
    administrator = Administrator()
    assert find_or_make_secret(sources_of(administrator, key_file)).secret == FROM_KEY_FILE
    assert administrator.asked == []


def test_passphrase_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    made = new_passphrase()
    stdin = io.TextIOWrapper(io.BytesIO(made.text.encode() + b"\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    sources = SecretSources(passphrase_file="-", environment={}, key_file=NOWHERE)
    assert find_secret(sources) == secret_of(made)


def test_empty_answer_makes_a_new_passphrase_on_the_first_server_only() -> None:
    chosen = find_or_make_secret(sources_of(Administrator("")))
    assert chosen.fresh
    assert chosen.secret == secret_of(chosen.fresh)
    with pytest.raises(InputRejected) as raised:
        find_secret(sources_of(Administrator("  ")))
    assert code_of(raised.value) == "passphrase-missing"


def test_slips_are_told_and_asked_again() -> None:
    made = new_passphrase()
    administrator = Administrator("one two", "x x x x x x x", made.text)
    assert find_secret(sources_of(administrator)) == secret_of(made)
    assert administrator.told == ["passphrase-word-count", "passphrase-unknown-words"]
    assert administrator.asked == ["passphrase-prompt"] * 3


def test_third_slip_ends_it() -> None:
    with pytest.raises(InputRejected) as raised:
        find_or_make_secret(sources_of(Administrator("one", "two", "three")))
    assert code_of(raised.value) == "passphrase-word-count"


@pytest.mark.parametrize("find", [find_secret, find_or_make_secret])
def test_without_terminal_and_file_the_ways_are_told(find) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputRejected) as raised:
        find(SecretSources(environment={}, key_file=NOWHERE))
    assert code_of(raised.value) == "passphrase-missing"


def test_new_passphrase_beside_a_key_file_is_refused(key_file: Path) -> None:
    with pytest.raises(InputRejected) as raised:
        make_secret(SecretSources(environment={}, key_file=key_file))
    assert code_of(raised.value) == "generate-beside-site-key"


def test_missing_directory_binary_and_empty_files(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    expected = {
        str(tmp_path / "missing"): "passphrase-file-unreadable",
        str(tmp_path): "passphrase-file-unreadable",
        str(binary): "passphrase-file-unreadable",
        written(tmp_path, ""): "passphrase-word-count",
        "\0": "passphrase-file-unreadable",
    }
    for name, code in expected.items():
        with pytest.raises(InputRejected) as raised:
            find_secret(SecretSources(passphrase_file=name, environment={}, key_file=NOWHERE))
        assert code_of(raised.value) == code, name


def test_passphrase_file_for_other_eyes_is_warned_about(tmp_path: Path) -> None:
    administrator = Administrator()
    name = written(tmp_path, new_passphrase().text, 0o644)
    find_secret(
        SecretSources(passphrase_file=name, environment={}, key_file=NOWHERE, tell=administrator.tell)
    )
    assert administrator.told == ["passphrase-file-readable"]
