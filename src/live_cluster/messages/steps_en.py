"""Sentences (English): steps."""

TEXTS: dict[str, str] = {}
