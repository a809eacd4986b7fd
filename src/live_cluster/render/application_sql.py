"""SQL for the application's settings: all of them read at once, all differences written in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from live_cluster.model.profile_application import Application
from live_cluster.model.statements import SqlValue, filled

# A failed statement goes into the server's log with all its values, passwords among them. Terse: DETAIL shows the
# row.
_SILENCE = """\
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_duration_sample = -1;
SET log_transaction_sample_rate = 0;
SET log_min_messages = 'fatal';
SET log_min_error_statement = 'panic';
"""
_TERSE = "\\set VERBOSITY terse\n\\set SHOW_CONTEXT never\n"
LOCK_TIMEOUT_S = 20
MEDIA_SERVERS = "media_servers"


def read_all(application: Application) -> str:
    """psql's input; a line of JSON for each row: {"of": subject, "row": {column: value}}."""
    parts = [_TERSE, "SET default_transaction_read_only = on;\n"]
    reads = [(key, statements.read) for key, statements in application.statements()]
    if application.media_servers:
        reads.append((MEDIA_SERVERS, application.media_servers.read))
    parts += [
        f"SELECT json_build_object('of', '{key}', 'row', row_to_json(one)) FROM (\n{read}\n) AS one;\n"
        for key, read in reads
    ]
    return "".join(parts)


def write_all(writes: Iterable[tuple[str, Mapping[str, SqlValue]]]) -> str:
    """psql's input for these statements with their values; all take effect or none does."""
    statements = "".join(f"{filled(statement, values)}\n;\n" for statement, values in writes)
    # Quiet, but what is acknowledged is on both heads like every other commit.
    return f"{_TERSE}{_SILENCE}SET lock_timeout = '{LOCK_TIMEOUT_S}s';\nBEGIN;\n{statements}COMMIT;\n"
