"""The third vote."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section, Service
from live_cluster.model.value_types import ADDRESS, FLAG, Words

ARBITER_IP = Parameter(
    name="arbiter-ip",
    section=Section.ARBITER,
    value_type=ADDRESS,
    help=Words(
        "Server with the third vote, which decides who goes on when the heads do not see each other: one of the"
        " media servers, or a server of its own. It needs the package corosync-qnetd and is unlocked like the"
        " others.",
        "Сервер с третьим голосом: он решает, кто продолжает работу, когда головные серверы не видят друг друга."
        " Один из медиасерверов или отдельный сервер. На нём нужен пакет corosync-qnetd; доступ открывается, как"
        " и на остальных.",
    ),
    example="192.0.2.11",
)
NO_ARBITER = Parameter(
    name="no-arbiter",
    section=Section.ARBITER,
    value_type=FLAG,
    help=Words("Do without the arbiter again.", "Отказаться от ранее заданного арбитра."),
    example="true",
)

ARBITER_ROWS = (ARBITER_IP, NO_ARBITER)
ARBITER_SERVICE = Service(disable=NO_ARBITER, key=ARBITER_IP, members=(ARBITER_IP.name,))
