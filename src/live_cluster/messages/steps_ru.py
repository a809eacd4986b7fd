"""Sentences (Russian): steps."""

TEXTS: dict[str, str] = {}
