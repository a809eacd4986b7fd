"""Sentences (English): access."""

TEXTS: dict[str, str] = {}
