"""The pages and the interface for programs, asked without a network and a database."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from unittest.mock import Mock
from urllib.parse import urlencode
from uuid import UUID

import pytest
from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request

from ivcs_server import passwords
from ivcs_server.access import Access
from ivcs_server.admin_api import AdminApi
from ivcs_server.admin_pages import PAGES, AdminPages
from ivcs_server.administration import (
    SETTINGS,
    Administration,
    Domain,
    ExternalStorage,
    Installed,
    InstalledLicense,
)
from ivcs_server.certificate import self_signed
from ivcs_server.conferences import Conference, Conferences
from ivcs_server.connections import DatabaseUnavailable
from ivcs_server.mail import MailSettings
from ivcs_server.media_client import MediaClient
from ivcs_server.media_monitor import MediaMonitor
from ivcs_server.passwords import password_hash
from ivcs_server.placement import MediaServer
from ivcs_server.settings import Settings
from ivcs_server.sms import SmsSettings
from ivcs_server.state import Sources
from ivcs_server.storage import FileStorage
from ivcs_server.web import Api

PASSWORD = 'long "enough" <b>'
EVIL = "<script>alert('x')</script>"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SERVER = MediaServer(id=1, address=EVIL, name=EVIL, enabled=True, generation=UUID(int=1))
INSTALLED = Installed(
    domains=(Domain(name=EVIL, web_address=EVIL, is_default=True),),
    settings=dict.fromkeys(SETTINGS, f'"IVCS #<CONFERENCE_ID>" {EVIL}'),
    license=InstalledLicense(server_instance_id="AB-1", file=b"rubbish", file_name=EVIL, installed_at=NOW),
    mail=MailSettings(enabled=True, hostname=EVIL, username=EVIL, password="mail-secret", sender=EVIL),
    sms=SmsSettings(enabled=True, host=EVIL, username=EVIL, password="sms-secret", sender_address=EVIL),
    media_servers=(SERVER,),
    file_storage=ExternalStorage(enabled=True, address=EVIL, share=EVIL, mount_point=EVIL),
)


@dataclass
class Store:
    """What the application keeps, in memory."""

    installed: Installed = INSTALLED
    stored: str = ""
    is_away: bool = False
    names: tuple[str, ...] = (EVIL,)

    async def read(self) -> Installed:
        if self.is_away:
            raise DatabaseUnavailable("the database does not answer")
        return self.installed

    async def session_key(self) -> str:
        return "key"

    async def stored_hash(self, name: str) -> str | None:
        if self.is_away:
            raise DatabaseUnavailable("the database does not answer")
        return self.stored if name == "admin" else None

    async def set_password(self, name: str, stored_hash: str) -> None:
        assert name == "admin"
        self.stored = stored_hash

    async def set_settings(self, values: dict[str, str]) -> None:
        self.installed = replace(self.installed, settings=values)

    async def set_mail(self, wanted: MailSettings) -> None:
        self.installed = replace(self.installed, mail=wanted)

    async def media_servers(self) -> tuple[MediaServer, ...]:
        return self.installed.media_servers

    async def counts(self) -> dict[int | None, int]:
        return {1: 3, None: 2}

    async def count(self) -> int:
        return 5

    async def newest(self, _: int) -> list[Conference]:
        return [
            Conference(id=UUID(int=number), name=name, created_at=NOW, media_server_id=None)
            for number, name in enumerate(self.names)
        ]

    async def create(self, conference_id: UUID, name: str, server: int | None) -> Conference:
        self.names = (name, *self.names)
        return Conference(id=conference_id, name=name, created_at=NOW, media_server_id=server)


class Site:
    """The whole application of one head."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        administration, conferences = cast(Administration, store), cast(Conferences, store)
        sources = Sources(
            administration=administration,
            conferences=conferences,
            monitor=MediaMonitor(administration, conferences, cast(MediaClient, Mock())),
            certificate_file=folder / "ivcs.crt",
        )
        storage = FileStorage(path=folder, must_be_mounted=False)
        access = Access(administration)
        self.application = Api(settings=Settings(), sources=sources, storage=storage).application(
            ("/api/admin", AdminApi(sources=sources, access=access).application()),
            ("/admin", AdminPages(sources=sources, access=access, storage=storage).application()),
        )
        self.application.freeze()

    def ask(
        self, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> web.Response:
        return asyncio.run(self._ask(path, form, headers or {}))

    async def _ask(self, path: str, form: dict[str, str] | None, headers: dict[str, str]) -> web.Response:
        body = urlencode(form or {}).encode()
        payload = StreamReader(Mock(_reading_paused=False), limit=2**16)
        payload.feed_data(body)
        payload.feed_eof()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        request = make_mocked_request(
            "GET" if form is None else "POST", path, headers={**kind, **headers}, payload=payload
        )
        request = request.clone()
        request._payload = payload
        response = await self.application._handle(request)
        assert isinstance(response, web.Response)
        return response

    def log_in(self) -> dict[str, str]:
        """Headers of a browser that is logged in."""
        response = self.ask("/admin/login", {"name": "admin", "password": PASSWORD})
        assert response.status == 303
        return {"Cookie": f"ivcs_session={response.cookies['ivcs_session'].value}"}

    def form_token(self, browser: dict[str, str]) -> str:
        found = re.search(
            r'name="form_token" value="([^"]+)"', text(self.ask("/admin/overview", None, browser))
        )
        assert found
        return found[1]


def text(response: web.Response) -> str:
    assert isinstance(response.text, str)
    return response.text


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    # On purpose a password takes 50 ms; no test is about that.
    monkeypatch.setattr(passwords, "COST", 2)
    (tmp_path / "ivcs.crt").write_bytes(self_signed("example.org", NOW)[0])
    return Site(Store(stored=password_hash(PASSWORD)), tmp_path)


def test_nobody_comes_in_without_a_password(site: Site) -> None:
    for path in (*(f"/admin/{page}" for page in PAGES), "/admin", "/admin/"):
        response = site.ask(path)
        assert (response.status, response.headers["Location"]) == (303, "/admin/login"), path
    for form in ({"name": "admin", "password": "wrong"}, {"name": "other", "password": PASSWORD}, {}):
        response = site.ask("/admin/login", form)
        assert response.status == 401
        assert not response.cookies


def test_the_session_cookie_is_for_this_site_and_https_only(site: Site) -> None:
    cookie = site.ask("/admin/login", {"name": "admin", "password": PASSWORD}).cookies["ivcs_session"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_its_facts_and_escapes_them(site: Site, page: str) -> None:
    response = site.ask(f"/admin/{page}", None, site.log_in())
    html = text(response)
    assert response.status == 200
    assert f"<h1>{PAGES[page]}</h1>" in html
    assert "<script" not in html
    assert "secret" not in html
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_speaks_russian_to_those_who_want_it(site: Site, page: str) -> None:
    browser = {**site.log_in(), "Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"}
    html = text(site.ask(f"/admin/{page}", None, browser))
    assert '<html lang="ru">' in html
    assert f"<h1>{PAGES[page]}</h1>" not in html or page in {"ssl", "sms"}
    assert "Выйти" in html


def test_pages_name_what_is_installed(site: Site) -> None:
    browser = site.log_in()
    assert "CN=example.org" in text(site.ask("/admin/ssl", None, browser))
    assert "no license file" in text(site.ask("/admin/license", None, browser))
    assert "AB-1" in text(site.ask("/admin/license", None, browser))
    assert "2 conferences run on no media server" in text(site.ask("/admin/media-servers", None, browser))
    assert "&lt;CONFERENCE_ID&gt;" in text(site.ask("/admin/settings", None, browser))


def test_the_session_goes_on_at_the_other_head(site: Site, tmp_path: Path) -> None:
    browser = site.log_in()
    assert Site(site.store, tmp_path).ask("/admin/overview", None, browser).status == 200


def test_forms_are_taken_only_from_our_own_pages(site: Site) -> None:
    browser = site.log_in()
    wanted = {name: f"new {name}" for name in SETTINGS}
    assert site.ask("/admin/settings", wanted, browser).status == 403
    assert site.ask("/admin/settings", {**wanted, "form_token": "x"}, browser).status == 403
    assert site.store.installed.settings == INSTALLED.settings
    response = site.ask("/admin/settings", {**wanted, "form_token": site.form_token(browser)}, browser)
    assert site.store.installed.settings == wanted
    assert "The settings are saved." in text(site.ask(response.headers["Location"], None, browser))


def test_a_bad_field_is_told_and_changes_nothing(site: Site) -> None:
    browser = site.log_in()
    form = {"form_token": site.form_token(browser), "hostname": "mail.example.org", "port": "x"}
    response = site.ask("/admin/mail", form, browser)
    assert "“Port” has to be a number" in text(site.ask(response.headers["Location"], None, browser))
    assert site.store.installed == INSTALLED


def test_a_conference_is_created_in_the_page(site: Site) -> None:
    browser = site.log_in()
    form = {"form_token": site.form_token(browser), "name": "Совещание <1>"}
    site.ask("/admin/conferences", form, browser)
    assert "Совещание &lt;1&gt;" in text(site.ask("/admin/conferences", None, browser))


def test_a_new_password_ends_other_sessions_and_not_this_one(site: Site) -> None:
    browser, other = site.log_in(), site.log_in()
    form = {
        "form_token": site.form_token(browser),
        "old": PASSWORD,
        "new": "another one!",
        "again": "another one!",
    }
    response = site.ask("/admin/account", form, browser)
    renewed = {"Cookie": f"ivcs_session={response.cookies['ivcs_session'].value}"}
    assert site.ask("/admin/overview", None, renewed).status == 200
    assert site.ask("/admin/overview", None, other).status == 303


@pytest.mark.parametrize(
    "change", [{"old": "wrong"}, {"new": "short", "again": "short"}, {"again": "different!"}]
)
def test_a_password_is_not_changed_by_mistake(site: Site, change: dict[str, str]) -> None:
    browser, before = site.log_in(), site.store.stored
    form = {
        "form_token": site.form_token(browser),
        "old": PASSWORD,
        "new": "another one!",
        "again": "another one!",
    }
    site.ask("/admin/account", {**form, **change}, browser)
    assert site.store.stored == before


def test_while_the_database_is_away_the_page_waits_and_the_interface_says_so(site: Site) -> None:
    browser = site.log_in()
    site.store.is_away = True
    response = site.ask("/admin/overview", None, browser)
    assert response.status == 503
    assert 'http-equiv="refresh" content="2"' in text(response)
    sent = text(site.ask("/admin/media-servers/change", {}, browser))
    assert 'content="2; url=/admin/media-servers"' in sent
    assert "before you send it again" in sent
    program = site.ask("/api/admin/state", None, basic("admin", PASSWORD))
    assert (program.status, json.loads(text(program))["error"]) == (503, "the database does not answer")


def test_programs_need_name_and_password_and_see_no_password(site: Site) -> None:
    for headers in ({}, basic("admin", "wrong"), {"Authorization": "Basic ?"}, {"Authorization": "Bearer x"}):
        response = site.ask("/api/admin/state", None, cast("dict[str, str]", headers))
        assert response.status == 401
        assert "WWW-Authenticate" in response.headers
    state = text(site.ask("/api/admin/state", None, basic("admin", PASSWORD)))
    assert "secret" not in state
    found = json.loads(state)
    assert found["certificate"]["subject"] == "CN=example.org"
    assert (found["license"]["valid"], found["license"]["server_instance_id"]) == (False, "AB-1")
    assert found["conferences_without_media_server"] == 2
    assert found["media_servers"][0]["conferences"] == 3


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_the_first_page_says_that_this_is_a_reference(site: Site) -> None:
    assert "This is not the product itself" in text(site.ask("/"))
    assert site.ask("/style.css").content_type == "text/css"


def test_the_media_servers_are_open_to_programs(site: Site) -> None:
    (found,) = json.loads(text(site.ask("/api/media-servers")))["media_servers"]
    assert (found["state"], found["conferences"]) == ("unknown", 3)
