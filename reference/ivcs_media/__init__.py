"""The media server's service of the reference."""
