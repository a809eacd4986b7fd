"""How a wrong input is written down: with all the problems that it must show, and no others.

Texts in words may name {directory}, where `files` are written; `stored` is what an earlier run left.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from input_cases import GOOD, good_but


@dataclass(frozen=True, kw_only=True)
class BadInput:
    name: str
    words: list[str]
    shows: list[str]
    files: dict[str, str | bytes] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""


def bad(name: str, words: list[str], *shows: str, **world: object) -> BadInput:
    return BadInput(name=name, words=words, shows=sorted(shows), **world)  # type: ignore[arg-type]


def address(text: str, code: str) -> BadInput:
    return bad(f"address {text!r}", good_but(public_ip=text), f"{code} public-ip")


def fqdn(text: str, code: str) -> BadInput:
    return bad(f"name {text[:20]!r}", good_but(public_fqdn=text), f"{code} public-fqdn")


def device(text: str, code: str, *more: str) -> BadInput:
    return bad(f"storage {text!r}", good_but(filestorage_device=text), f"{code} filestorage-device", *more)


def application(name: str, *words: str, shows: list[str] | None = None, **world: object) -> BadInput:
    """About the application: beside a right command line."""
    return bad(name, [*good_but(), *words], *(shows or ()), **world)


def config(name: str, text: str | bytes, *shows: str, words: list[str] | None = None) -> BadInput:
    used = good_but() if words is None else words
    return bad(name, [*used, "--config", "{directory}/c.toml"], *shows, files={"c.toml": text})


STORED = {
    "stored/cluster.toml": "".join(
        f'{name} = "{text}"\n' for name, text in GOOD.items() if not name.startswith("media")
    )
}
FILE_URI = "file:///etc/passwd"
KEY = {"a.crt": "certificate", "a.key": "key"}
