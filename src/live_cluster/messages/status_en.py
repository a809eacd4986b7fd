"""Sentences (English): status."""

TEXTS: dict[str, str] = {}
