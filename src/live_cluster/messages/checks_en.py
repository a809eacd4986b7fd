"""Sentences (English): checks."""

TEXTS: dict[str, str] = {}
