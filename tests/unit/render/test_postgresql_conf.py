"""C3: PostgreSQL's settings and access."""

import re
from ipaddress import IPv4Address

from live_cluster.render.postgresql_conf import (
    REPLICATION_CONF,
    DatabaseAccess,
    client_access,
    replication_passfile,
    server_settings,
)

ACCESS = DatabaseAccess(
    database="ivcs",
    owner="ivcs",
    servers=(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.11")),
    replication=(IPv4Address("198.51.100.1"), IPv4Address("198.51.100.2")),
)


def settings() -> dict[str, str]:
    lines = [line for line in server_settings(port=5433).splitlines() if not line.startswith("#")]
    return dict(line.split(" = ", 1) for line in lines)


def test_no_acknowledged_write_depends_on_luck() -> None:
    found = settings()
    for name in ("fsync", "full_page_writes", "synchronous_commit", "wal_log_hints", "hot_standby"):
        assert found[name] == "on", name
    # Pacemaker says where the database goes on.
    assert found["restart_after_crash"] == "off"
    assert found["port"] == "5433"


def test_the_agent_has_the_last_word_about_replication() -> None:
    text = server_settings(port=5432)
    assert text.splitlines()[-1] == f"include_if_exists = '{REPLICATION_CONF}'"
    # Set here, it would win over what the agent knows about the standby.
    assert not re.search(r"^(synchronous_standby_names|primary_conninfo)", text, re.MULTILINE)


def test_access_for_the_cluster_and_nobody_else() -> None:
    assert client_access(ACCESS).splitlines() == [
        "host ivcs ivcs 192.0.2.1/32 scram-sha-256",
        "host ivcs ivcs 192.0.2.11/32 scram-sha-256",
        "host replication live_cluster_replication 198.51.100.1/32 scram-sha-256",
        "host postgres live_cluster_replication 198.51.100.1/32 scram-sha-256",
        "host replication live_cluster_replication 198.51.100.2/32 scram-sha-256",
        "host postgres live_cluster_replication 198.51.100.2/32 scram-sha-256",
    ]


def test_passwords_with_special_characters_are_escaped_for_libpq() -> None:
    assert replication_passfile(r"a:b\c") == "*:*:*:live_cluster_replication:a\\:b\\\\c\n"
