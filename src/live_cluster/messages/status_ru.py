"""Sentences (Russian): status."""

TEXTS: dict[str, str] = {}
