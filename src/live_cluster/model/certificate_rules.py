"""The rule about the certificate and its key: judged where this run names one of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.build_settings import CERTIFICATE_LIMIT_BYTES, ParsedSettings, certificate_of
from live_cluster.model.raw_settings import shown
from live_cluster.model.subjects.certificates import CERTIFICATE_FILE, PRIVATE_KEY_FILE
from live_cluster.model.subjects.network import PUBLIC_FQDN, PUBLIC_IP
from live_cluster.model.value_types import BadValue, content_of


def certificate_problems(wish: ParsedSettings) -> Iterator[Problem]:
    """Everything that speaks against installing the pair; nothing where none is named."""
    found = certificate_of(wish, read=False)
    if found is None or not found.is_named:
        return
    contents: dict[str, bytes] = {}
    for row, path in ((CERTIFICATE_FILE, found.certificate), (PRIVATE_KEY_FILE, found.private_key)):
        value = wish.values[row.name]
        try:
            contents[row.name] = content_of(path, limit=CERTIFICATE_LIMIT_BYTES)
        except BadValue as fault:
            # A file that an earlier run named, or one too big: the others were found where values are judged.
            if fault.code == "file-too-big" or not wish.is_named(row):
                yield problem(
                    fault.code, option=row.name, place=value.place, value=shown(value.text), **fault.fields
                )
    if len(contents) == 2:
        yield from _pair_problems(wish, contents)
    yield from _key_mode(wish, found.private_key)


def _pair_problems(wish: ParsedSettings, contents: dict[str, bytes]) -> Iterator[Problem]:
    # Where nobody asks for a certificate, a run does without the module: it takes 0.1 s to load.
    from live_cluster.model.certificate import judge

    public_name = str(wish.of(PUBLIC_FQDN) or wish.of(PUBLIC_IP) or "")
    chain, key = contents[CERTIFICATE_FILE.name], contents[PRIVATE_KEY_FILE.name]
    for fault in judge(chain, key, public_name=public_name, now=datetime.now(UTC)).faults:
        row = PRIVATE_KEY_FILE if fault.about_key else CERTIFICATE_FILE
        value = wish.values[row.name]
        make = warning if fault.mild else problem
        yield make(
            fault.code,
            option=row.name,
            place=value.place,
            value=shown(value.text),
            detail=shown(fault.detail),
            public_name=public_name,
        )


def _key_mode(wish: ParsedSettings, path: Path) -> Iterator[Problem]:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError:
        return
    if stat.S_ISREG(mode) and mode & stat.S_IROTH:
        value = wish.values[PRIVATE_KEY_FILE.name]
        yield problem("key-visible", option=PRIVATE_KEY_FILE.name, place=value.place, value=shown(value.text))
