"""Reaching servers: one executor per server, over SSH or beside us, and nothing that thinks."""
