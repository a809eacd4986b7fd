"""Sentences (English): input."""

TEXTS: dict[str, str] = {}
