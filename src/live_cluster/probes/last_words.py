"""What a service said last, from the journal of this server."""

from __future__ import annotations

_LONGEST = 300


def last_words_question(unit: str) -> tuple[str, ...]:
    """Its own lines and systemd's about it; empty where the journal may not be read."""
    return (
        "journalctl", "--quiet", "--no-pager", f"--unit={unit}", "--lines=100", "--output=json",
        "--output-fields=MESSAGE,_SYSTEMD_UNIT",
    )  # fmt: skip


def parse_last_words(text: str) -> str:
    """Its own last line; where it said nothing, how systemd saw it end."""
    # Only where something fails: the module takes 4 ms to load.
    import json

    own = told = ""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        words = entry.get("MESSAGE")
        if not isinstance(words, str) or not words.strip():
            continue
        if entry.get("_SYSTEMD_UNIT", "init.scope") != "init.scope":
            own = words.strip()
        elif "exited" in words or ("ailed" in words and not told):
            told = words.strip()
    return (own or told)[:_LONGEST]
