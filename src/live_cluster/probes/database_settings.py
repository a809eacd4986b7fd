"""The settings in force: what is asked of a running PostgreSQL, and its answer as values."""

from __future__ import annotations

from live_cluster.model.database_settings import WATCHED, Setting
from live_cluster.remote.early_database import FIELD_SEPARATOR

_NAMES = ", ".join(f"'{name}'" for name in (*WATCHED, "config_file"))
_KINDS = ("running", "pending", "role", "error", "server")

# Six columns each: kind, name, value, file, line, source. A role's setting is told by the statement that makes it.
_RUNNING = f"""
select 'server', 'in_recovery', pg_is_in_recovery()::text, '', '', ''
union all
select 'running', name, setting, coalesce(sourcefile, ''), coalesce(sourceline::text, ''), source
from pg_settings where name in ({_NAMES})
union all
select 'role', lower(split_part(entry, '=', 1)), substr(entry, strpos(entry, '=') + 1), '', '',
 case when r.rolname is null and d.datname is null then 'ALTER ROLE ALL'
  when r.rolname is null then 'ALTER DATABASE ' || quote_ident(d.datname)
  else 'ALTER ROLE ' || quote_ident(r.rolname) || coalesce(' IN DATABASE ' || quote_ident(d.datname), '') end
from pg_db_role_setting s cross join unnest(s.setconfig) entry
left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
where lower(split_part(entry, '=', 1)) in ({_NAMES})
"""
# Only a superuser may look into the files: what waits for a restart, and what may make the next start fail.
# (What waits for a restart is an error there, too, in the same translated words as a value that is nonsense.)
_FILES = f"""
union all
select 'pending', f.name, f.setting, f.sourcefile, f.sourceline::text, ''
from pg_settings s
join lateral (select * from pg_file_settings where name = s.name order by seqno desc limit 1) f on true
where s.pending_restart and s.name in ({_NAMES})
union all
select 'error', coalesce(f.name, ''), error, sourcefile, sourceline::text, ''
from pg_file_settings f where error is not null
 and not exists (select from pg_settings s where s.pending_restart and lower(s.name) = lower(f.name))
union all
select 'error', '', error, current_setting('hba_file'), line_number::text, ''
from pg_hba_file_rules where error is not null
"""
OF_OTHER_HEAD = _RUNNING
OF_THIS_HEAD = _RUNNING + _FILES


def parse_settings(text: str, *, separator: str = FIELD_SEPARATOR) -> tuple[Setting, ...]:
    """The rows of the answer; none where there was no answer."""
    rows = (line.split(separator) for line in text.split("\n"))
    return tuple(Setting(*row) for row in rows if len(row) == 6 and row[0] in _KINDS)


def in_recovery(settings: tuple[Setting, ...]) -> bool | None:
    """Whether that server is a standby; None where it did not answer."""
    row = next((one for one in settings if one.kind == "server"), None)
    return None if row is None else row.value in ("t", "true")


def peer_connection(replication_conf: str) -> str:
    """How the other head's server is reached, in the agent's file of settings; empty where it is not said."""
    for line in replication_conf.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "primary_conninfo":
            words = value.strip().removeprefix("'").removesuffix("'").replace("''", "'")
            return words.replace("target_session_attrs=read-write", "").strip()
    return ""
