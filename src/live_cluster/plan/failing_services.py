"""Services that start on no head: nobody waits for them, and an earlier run's word on them does not count."""

from __future__ import annotations

from lxml import etree

from live_cluster.errors import Problem, problem
from live_cluster.messages import message
from live_cluster.model.service_marks import (
    failing,
    fails_attribute,
    fails_everywhere,
    to_forget,
    unit_of,
)
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.step import GivesUp, Replies
from live_cluster.plan.view_checks import view_of
from live_cluster.probes.head import VIEW
from live_cluster.probes.last_words import last_words_question, parse_last_words
from live_cluster.remote.requests import Command, CommandResult, Request


def where_services_fail() -> GivesUp:
    """As soon as every head that is there has shown that it cannot run one of them."""

    def why(replies: Replies) -> tuple[Request, ...]:
        view = view_of(replies[0])
        names = () if view is None else fails_everywhere(view)
        return tuple(
            Command(argv=last_words_question(unit_of(view, name))) for name in names if view is not None
        )

    def named(replies: Replies, answers: Replies) -> Problem:
        view = view_of(replies[0])
        assert view is not None  # nothing fails in a view that is not there
        name = fails_everywhere(view)[0]
        answer = answers[0]
        words = parse_last_words(answer.text) if isinstance(answer, CommandResult) else ""
        return problem(
            "service-fails-everywhere",
            node=next(one.node for one in failing(view) if one.resource == name),
            resource=name,
            unit=unit_of(view, name),
            nodes=", ".join(one.node for one in failing(view) if one.resource == name),
            words=words or message("service-without-words"),
        )

    return GivesUp(requests=(VIEW,), why=why, problem=named)


def marks_forgotten(replies: Replies) -> tuple[Request, ...]:
    """By the view, the first of the replies: what failed before this run is tried anew."""
    view = view_of(replies[0])
    marks = () if view is None else to_forget(view)
    return tuple(_forgotten(fails_attribute(one.resource), one.node) for one in marks)


def marks_forgotten_in(cib: bytes, plan: Blueprint) -> tuple[Request, ...]:
    """The same by a running CIB."""
    profile = plan.profile
    nodes = etree.fromstring(cib).iterfind("status/node_state")
    resources = (profile.resources.filestorage_samba, *(one.resource for one in profile.clustered_services))
    names = {fails_attribute(resource) for resource in resources}
    return tuple(
        _forgotten(str(pair.get("name")), str(node.get("uname")))
        for node in sorted(nodes, key=lambda node: node.get("uname") != plan.primary)
        for pair in node.iterfind("transient_attributes//nvpair")
        if pair.get("name") in names
    )


def _forgotten(attribute: str, node: str) -> Command:
    argv = ("attrd_updater", "--name", attribute, "--node", node, "--delete")
    return Command(argv=argv, changes_node=True)
