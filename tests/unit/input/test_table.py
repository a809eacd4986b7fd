"""The table has every option of the article, each explained in both languages."""

from __future__ import annotations

import pytest

from live_cluster.cli.option_names import RUN_OPTIONS, option_named
from live_cluster.model.parameters import PARAMETERS, canonical_name, parameter_named
from live_cluster.model.subjects.row import Parameter, Section

# Requirements B, letter by letter, A8's two, and what prevents a split brain (D3).
OPTIONS = [
    "head-node-1-ip",
    "head-node-1-secondary-ip",
    "head-node-2-ip",
    "head-node-2-secondary-ip",
    "public-ip",
    "public-fqdn",
    "database-ip",
    "filestorage-ip",
    "filestorage-device",
    "filestorage-username",
    "filestorage-password",
    "license-server-instance-id",
    "license-file",
    "external-mail-server-hostname",
    "external-mail-server-username",
    "external-mail-server-password",
    "external-mail-disable",
    "smsc-host",
    "smsc-port",
    "smsc-username",
    "smsc-password",
    "smsc-sender-address",
    "smsc-disable",
    "ssl-certificate-file",
    "ssl-private-key-file",
    "outgoing-sip-proxy",
    "default-sip-from-header",
    "default-h323-from-header",
    "arbiter-ip",
    "no-arbiter",
    "no-media-on-heads",
    "media-on-heads",
    "media-node-1-ip",
    "media-node-2-ip",
    "media-node-9999-ip",
    "token",
    "token-retransmits",
    "head-node-1-fencing",
    "head-node-1-fencing-password",
    "head-node-2-fencing",
    "head-node-2-fencing-password",
    "fencing-watchdog",
    "fencing-disk",
    "no-fencing",
]


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_is_known(name: str) -> None:
    assert canonical_name(name) == name
    assert parameter_named(name) is not None
    option = option_named(f"--{name}")
    assert option is not None
    assert option.name == name


def test_no_other_options_are_in_the_table() -> None:
    families = {"media-node-1-ip", "media-node-2-ip", "media-node-9999-ip"}
    assert {row.name for row in PARAMETERS} == {*OPTIONS} - families | {"media-node-N-ip"}


def test_the_article_s_odd_spellings_are_taken() -> None:
    """B1."""
    assert canonical_name("smc-disable") == "smsc-disable"
    assert canonical_name("smcsc-sender-address") == "smsc-sender-address"


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_each_row_is_explained_in_both_languages(row: Parameter[object]) -> None:
    for words in (row.help, row.section.value, row.value_type.wanted):
        assert words.en
        assert words.ru
    assert row.help.en.isascii() or "…" in row.help.en
    assert any("а" <= letter <= "я" for letter in row.help.ru.lower())
    assert row.help.en[0].isupper()
    assert row.help.en.endswith((".", ")"))


def test_run_options_are_explained_and_collide_with_no_setting() -> None:
    for one in RUN_OPTIONS:
        assert one.help.en
        assert one.help.ru
        assert canonical_name(one.name) is None


def test_rows_stand_under_their_headings_in_order() -> None:
    order = [row.section for row in PARAMETERS]
    assert order == sorted(order, key=list(Section).index)
