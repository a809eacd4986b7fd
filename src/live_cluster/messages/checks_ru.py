"""Sentences (Russian): checks."""

TEXTS: dict[str, str] = {}
