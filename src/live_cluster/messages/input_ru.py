"""Sentences (Russian): input."""

TEXTS: dict[str, str] = {}
