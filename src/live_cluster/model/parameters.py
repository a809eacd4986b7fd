"""THE table: every setting of `configure`, one row each; the rows stand in `subjects`, one module per subject.

Options, file keys, help, documentation and the rules are all made of these rows.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import Any

from live_cluster.model.subjects.application import CALL_ROWS, LICENSE_ROWS
from live_cluster.model.subjects.arbiter import ARBITER_ROWS, ARBITER_SERVICE
from live_cluster.model.subjects.certificates import CERTIFICATE_ROWS
from live_cluster.model.subjects.fencing import FENCING_ROWS, FENCING_SERVICE, WATCHDOG_SERVICE
from live_cluster.model.subjects.mail import MAIL_ROWS, MAIL_SERVICE
from live_cluster.model.subjects.network import (
    ADDRESS_ROWS,
    HEAD_ROWS,
    MEDIA_NODE,
    MEDIA_ON_HEADS_SERVICE,
    MEDIA_ROWS,
    TIMING_ROWS,
)
from live_cluster.model.subjects.row import Parameter
from live_cluster.model.subjects.sms import SMSC_ROWS, SMSC_SERVICE
from live_cluster.model.subjects.storage import STORAGE_ROWS

# In the order of the help. Any: the rows differ in the type of their values; a covariant Any keeps each one's own.
PARAMETERS: tuple[Parameter[Any], ...] = (
    *HEAD_ROWS,
    *ADDRESS_ROWS,
    *STORAGE_ROWS,
    *ARBITER_ROWS,
    *MEDIA_ROWS,
    *TIMING_ROWS,
    *FENCING_ROWS,
    *LICENSE_ROWS,
    *CERTIFICATE_ROWS,
    *MAIL_ROWS,
    *SMSC_ROWS,
    *CALL_ROWS,
)

# What can be turned off again.
SERVICES = (
    ARBITER_SERVICE,
    MEDIA_ON_HEADS_SERVICE,
    MAIL_SERVICE,
    SMSC_SERVICE,
    FENCING_SERVICE,
    WATCHDOG_SERVICE,
)

_BY_NAME = {row.name: row for row in PARAMETERS if row is not MEDIA_NODE}
_BY_SPELLING = {spelling: row.name for row in PARAMETERS for spelling in (row.name, *row.hidden_spellings)}
_MEDIA = re.compile(r"media-node-([1-9][0-9]{0,3})-ip")


def parameter_named(name: str) -> Parameter[Any] | None:
    """The row of a setting; every media server shares one row."""
    return MEDIA_NODE if media_number(name) else _BY_NAME.get(name)


def canonical_name(spelling: str) -> str | None:
    """The setting's own name for any accepted spelling (B1); None for what is no setting."""
    if media_number(spelling):
        return spelling
    name = _BY_SPELLING.get(spelling)
    return None if name == MEDIA_NODE.name else name


def media_number(name: str) -> int | None:
    """3 for media-node-3-ip; None for everything else."""
    match = _MEDIA.fullmatch(name)
    return int(match[1]) if match else None


def media_name(number: int) -> str:
    """The name of the N-th media server's setting."""
    return f"media-node-{number}-ip"


def media_parameter(number: int) -> Parameter[IPv4Address]:
    """The row of the N-th media server, under its own name."""
    row = MEDIA_NODE
    return Parameter(
        name=media_name(number),
        section=row.section,
        value_type=row.value_type,
        help=row.help,
        example=row.example,
    )


def table_order(name: str) -> tuple[int, int]:
    """Sort key: the order of the table, media servers by number."""
    row = parameter_named(name)
    position = PARAMETERS.index(row) if row else len(PARAMETERS)
    return position, media_number(name) or 0
