"""Is the certificate that `configure` has installed still there, and for how long is it good?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from live_cluster.commands.check import Finding, Tools
from live_cluster.errors import NotReady, problem, warning
from live_cluster.messages import Message, message
from live_cluster.model.certificate import expiry_of, made_out_to_others
from live_cluster.model.certificate_record import RECORD, WARNING_DAYS, parse_record


def check_certificate(
    tools: Tools, *, public_name: str = "", record_path: Path = Path(RECORD), now: datetime | None = None
) -> Iterator[Finding]:
    """A finding for each place on this server; NotReady where no certificate was installed.

    `public_name` is what users call the installation; empty: not judged.
    """
    del tools
    record = parse_record(_content(record_path).decode(errors="replace"))
    if record is None:
        raise NotReady(problem("check-no-certificate"))
    for path in record.paths:
        wanted = _Wanted(digest=record.digest, public_name=public_name, now=now or datetime.now(UTC))
        yield _finding(path, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a certificate is judged by; `digest` is that of the one that was installed."""

    digest: str
    public_name: str
    now: datetime


def _finding(path: str, wanted: _Wanted) -> Finding:
    content, now = _content(Path(path)), wanted.now
    expires = expiry_of(content)
    if expires is None:
        return _told(path, message("certificate-gone"), None)
    if expires <= now:
        return _told(path, message("certificate-has-expired", until=f"{expires:%Y-%m-%d}"), expires)
    found = _told(path, message("certificate-good-until", until=f"{expires:%Y-%m-%d}"), expires, good=True)
    problems = []
    if expires - now < timedelta(days=WARNING_DAYS):
        days = (expires - now).days
        problems.append(warning("check-certificate-soon", path=path, until=f"{expires:%Y-%m-%d}", days=days))
    others = made_out_to_others(content, wanted.public_name) if wanted.public_name else ""
    if others:
        problems.append(
            warning("check-certificate-for-others", path=path, public_name=wanted.public_name, detail=others)
        )
    if hashlib.sha256(content).hexdigest() != wanted.digest:
        # Allowed: somebody renews it in another way. But the other head has another one then.
        problems.append(warning("check-certificate-replaced", path=path))
    return replace(found, warnings=tuple(problems))


def _told(path: str, text: Message, expires: datetime | None, *, good: bool = False) -> Finding:
    until = None if expires is None else expires.isoformat()
    return Finding(
        subject=message("check-certificate", path=path),
        good=good,
        detail=message("check-detail-reason", reason=text),
        facts={"check": "certificate", "path": path, "until": until},
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
