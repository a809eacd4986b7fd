"""Sessions of administrators: everything stands in a signed cookie, whose key is in the database.

So a session goes on when the service moves to the other head, which has never seen it before.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivcs_server.passwords import fingerprint

if TYPE_CHECKING:
    from itsdangerous import URLSafeTimedSerializer

COOKIE = "ivcs_session"
LONGEST_S = 12 * 3600
MESSAGE_LONGEST_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is logged in; every form has to bring `form_token`, which other sites cannot know."""

    name: str
    password: str
    form_token: str

    def is_of(self, stored_hash: str | None) -> bool:
        """Whether the password is still the one that was used."""
        return stored_hash is not None and self.password == fingerprint(stored_hash)


class Seals:
    """Signs and reads cookies and messages."""

    def __init__(self, key: str) -> None:
        self._key = key

    def new_session(self, name: str, stored_hash: str) -> str:
        """Value of the cookie."""
        session = (name, fingerprint(stored_hash), secrets.token_urlsafe(16))
        return self._signer("session").dumps(session)

    def session(self, cookie: str) -> Session | None:
        """The session of a cookie that is ours and not too old."""
        found = self._read("session", cookie, LONGEST_S)
        if not isinstance(found, list) or len(found) != 3:
            return None
        return Session(name=str(found[0]), password=str(found[1]), form_token=str(found[2]))

    def message(self, text: str, *, is_good: bool) -> str:
        """A message that the next page shows; it travels in the address, so nobody else may make one."""
        return self._signer("message").dumps([text, is_good])

    def read_message(self, sealed: str) -> tuple[str, bool] | None:
        """Text of a message and whether it is a good one."""
        found = self._read("message", sealed, MESSAGE_LONGEST_S)
        return (str(found[0]), bool(found[1])) if isinstance(found, list) and len(found) == 2 else None

    def _signer(self, purpose: str) -> URLSafeTimedSerializer:
        from itsdangerous import URLSafeTimedSerializer

        return URLSafeTimedSerializer(self._key, salt=purpose)

    def _read(self, purpose: str, sealed: str, longest_s: int) -> object:
        from itsdangerous import BadData

        try:
            return self._signer(purpose).loads(sealed, max_age=longest_s)
        except BadData:
            return None
