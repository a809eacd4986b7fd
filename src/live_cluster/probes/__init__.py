"""Read-only looks at a server: a command and a parser each."""
