"""HTML pages from the templates beside this file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from ivcs_server.language import current_language, say

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
}


def render(template: str, **values: object) -> str:
    """HTML of a template in the language of the request; everything that is put in is escaped."""
    return _environment().get_template(template).render(values)


def page_response(html: str, status: int = 200) -> web.Response:
    """A page that is nobody else's to keep or to frame."""
    return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)


@cache
def _environment() -> Environment:
    # Imported with the first page: a takeover does not wait for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals |= {"_": say, "language": current_language.get}
    return environment
