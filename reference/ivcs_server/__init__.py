"""The head application's service of the reference: conferences in PostgreSQL, files on the file storage."""
