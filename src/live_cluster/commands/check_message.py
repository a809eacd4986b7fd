"""One real mail or SMS, sent by the application with its own settings, on the head where it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from live_cluster.commands.check import Finding, Tools
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import InputRejected, NotReady, problem
from live_cluster.messages import message
from live_cluster.model.profile import Profile

SEND_DEADLINE_S = 60.0
# By which the application's command says that nobody has asked for such messages.
TURNED_OFF = 3
_ADDRESS = re.compile(r"[^\s@<>\"',;-][^\s@<>\"',;]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_FORMS = {"mail": _ADDRESS, "sms": _NUMBER}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMessage:
    """What to send: "mail" or "sms", and to whom."""

    kind: str
    recipient: str


def refuse_recipient(wanted: OneMessage) -> None:
    """Raises InputRejected where this is no address or number."""
    if not _FORMS[wanted.kind].fullmatch(wanted.recipient):
        raise InputRejected(
            problem(f"check-{wanted.kind}-recipient", option=wanted.kind, value=wanted.recipient)
        )


def send_message(tools: Tools, wanted: OneMessage, profile: Profile, server: Server) -> Iterator[Finding]:
    """Exactly one message; NotReady where the application runs on the other head, or has no such command."""
    command = profile.application.test.mail if wanted.kind == "mail" else profile.application.test.sms
    if command is None:
        raise NotReady(problem("check-no-command", option=wanted.kind, product=profile.product))
    service = profile.clustered_services[0].resource
    places = {node for _, one in view_now(server).instances() if one.id == service for node in one.nodes}
    own = tools.run(("crm_node", "--name"), check=True).text.strip()
    if own not in places:
        active = ", ".join(sorted(places)) or "-"
        raise NotReady(
            problem("check-not-here", option=wanted.kind, node=own, service=service, active=active)
        )
    began = tools.clock.now()
    answer = tools.run((*command, wanted.recipient), timeout_s=SEND_DEADLINE_S)
    seconds = tools.clock.now() - began
    sent = answer.returncode == 0
    lines = (answer.stderr or answer.stdout).decode(errors="replace").strip().splitlines()
    if sent:
        detail = message("check-detail-sent", recipient=wanted.recipient, seconds=f"{seconds:.1f}")
    elif answer.returncode == TURNED_OFF:
        detail = message(f"check-{wanted.kind}-turned-off")
    else:
        reason = lines[-1] if lines else f"exit code {answer.returncode}"
        detail = message(f"check-{wanted.kind}-failed", reason=reason)
    yield Finding(
        subject=message(f"check-{wanted.kind}"),
        good=sent,
        detail=detail,
        facts={"check": wanted.kind, "recipient": wanted.recipient, "seconds": round(seconds, 2)},
    )
