"""What the input tests share: a complete, right command line, and the way through the whole input side."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from live_cluster.cli.arguments import Arguments, Inputs, configure_arguments, settings_of
from live_cluster.cli.secret_input import SecretSource
from live_cluster.errors import Problem
from live_cluster.messages import Message
from live_cluster.model.settings import ClusterSettings

GOOD = {
    "head-node-1-ip": "10.81.0.1",
    "head-node-1-secondary-ip": "10.81.1.1",
    "head-node-2-ip": "10.81.0.2",
    "head-node-2-secondary-ip": "10.81.1.2",
    "public-ip": "10.81.0.100",
    "public-fqdn": "video.example.com",
    "database-ip": "10.81.0.102",
    "filestorage-ip": "10.81.0.101",
    "filestorage-device": "/dev/lun",
    "media-node-1-ip": "10.81.0.11",
    "media-node-2-ip": "10.81.0.12",
}


def words_of(settings: Mapping[str, str]) -> list[str]:
    """The command line of these settings."""
    return [word for name, text in settings.items() for word in (f"--{name}", text)]


def good_but(**changes: str | None) -> list[str]:
    """The right command line with some settings replaced or, with None, left out."""
    settings: dict[str, str | None] = dict(GOOD)
    settings.update({name.replace("_", "-"): text for name, text in changes.items()})
    return words_of({name: text for name, text in settings.items() if text is not None})


def never_asked(prompt: Message) -> str:
    raise AssertionError(f"asked for {prompt}")


@dataclass(kw_only=True)
class World:
    """Everything besides the command line: a directory for files, the environment, standard input."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""

    def write(self, name: str, content: str | bytes, *, mode: int = 0o600) -> Path:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def inputs(self) -> Inputs:
        return Inputs(
            environment=self.environment,
            secrets=SecretSource(stdin=io.BytesIO(self.stdin), is_terminal=False, ask=never_asked),
            stored_directory=self.directory / "stored",
        )

    def read(self, argv: Sequence[str]) -> tuple[Arguments, ClusterSettings | None, tuple[Problem, ...]]:
        arguments, problems = configure_arguments(argv, self.inputs())
        settings, problems = settings_of(arguments, problems)
        return arguments, settings, problems


def codes(problems: Sequence[Problem]) -> list[str]:
    """Each problem as "code option"."""
    return sorted(f"{one.code} {one.option}".strip() for one in problems)
