"""Sentences (Russian): access."""

TEXTS: dict[str, str] = {}
