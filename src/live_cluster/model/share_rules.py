"""What the login to a NAS may be: the file that mount.cifs(8) reads it from cannot hold everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from live_cluster.errors import Problem, problem
from live_cluster.model.build_settings import ParsedSettings
from live_cluster.model.settings import CifsShare
from live_cluster.model.subjects.row import Parameter
from live_cluster.model.subjects.storage import FILESTORAGE_DEVICE, FILESTORAGE_PASSWORD, FILESTORAGE_USERNAME

# mount.cifs.h: a user's name in bytes; a password's, each comma counted twice, for the kernel wants it written so.
NAME_LIMIT = 256
PASSWORD_LIMIT = 512


def share_login_problems(wish: ParsedSettings) -> Iterator[Problem]:
    """Nothing where the storage is something else."""
    if not isinstance(wish.of(FILESTORAGE_DEVICE), CifsShare):
        return
    username, password = wish.of(FILESTORAGE_USERNAME), wish.of(FILESTORAGE_PASSWORD)
    if username is not None and "," in username:
        yield _fault("share-name-comma", wish, FILESTORAGE_USERNAME)
    if username is not None and len(username.encode()) > NAME_LIMIT:
        yield _fault("share-name-long", wish, FILESTORAGE_USERNAME, limit=NAME_LIMIT)
    text = password.reveal() if password is not None else ""
    if len(text.encode()) + text.count(",") > PASSWORD_LIMIT:
        yield _fault("share-password-long", wish, FILESTORAGE_PASSWORD, limit=PASSWORD_LIMIT)


def _fault(code: str, wish: ParsedSettings, row: Parameter[Any], limit: int = 0) -> Problem:
    return problem(code, option=row.name, place=wish.values[row.name].place, limit=limit)
