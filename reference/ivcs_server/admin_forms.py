"""What the forms of the administration do; each shows its page again, with a message."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import web
from multidict import MultiMapping

from ivcs_server.access import Access, current_session
from ivcs_server.administration import SETTINGS
from ivcs_server.form_values import BadForm, checked, conference_name, number, one_line, upload
from ivcs_server.license import LARGEST
from ivcs_server.mail import NotSent, send_test_mail
from ivcs_server.passwords import SHORTEST, password_hash
from ivcs_server.sessions import COOKIE, LONGEST_S
from ivcs_server.sms import send_test_sms
from ivcs_server.state import Sources
from ivcs_server.storage import FileStorage, StorageUnavailable, is_file_name

STORAGE_TIMEOUT_S = 5.0

Form = MultiMapping[object]
Action = Callable[[Form], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminForms:
    """Each action gets the form, does it, and says what it did; BadForm and NotSent say what is wrong."""

    sources: Sources
    access: Access
    storage: FileStorage

    def routes(self) -> list[web.RouteDef]:
        """POST /admin/PAGE, or /admin/PAGE/BUTTON."""
        actions = {
            "domains": self.domain,
            "settings": self.settings,
            "license": self.license,
            "license/instance": self.instance_id,
            "mail": self.mail,
            "mail/test": self.test_mail,
            "sms": self.sms,
            "sms/test": self.test_sms,
            "media-servers": self.add_media_server,
            "media-servers/change": self.change_media_server,
            "conferences": self.create_conference,
            "files": self.store_file,
        }
        routes = [web.post(f"/{path}", self._handler(path, action)) for path, action in actions.items()]
        return [*routes, web.post("/account", self.change_password)]

    async def domain(self, form: Form) -> str:
        """Where the users of a domain open the page."""
        address = one_line(form, "web_address", is_needed=True)
        await self.sources.administration.set_web_address(one_line(form, "name"), address)
        return "The web address is saved."

    async def settings(self, form: Form) -> str:
        """SIP and H.323."""
        await self.sources.administration.set_settings({name: one_line(form, name) for name in SETTINGS})
        return "The settings are saved."

    async def license(self, form: Form) -> str:
        """A license file."""
        name, content = upload(form, "file", LARGEST)
        await self.sources.administration.set_license(content, name)
        state = (await self.sources.read()).license
        if not state.is_valid:
            raise BadForm(f"The license is installed, but it does not hold: {state.problem}.")
        return "The license is installed and valid."

    async def instance_id(self, form: Form) -> str:
        """The instance id that licenses are bound to."""
        await self.sources.administration.set_instance_id(one_line(form, "server_instance_id"))
        return "The server instance id is saved."

    async def mail(self, form: Form) -> str:
        """The mail server."""
        before = (await self.sources.administration.read()).mail
        wanted = replace(
            before,
            enabled=checked(form, "enabled"),
            hostname=one_line(form, "hostname"),
            port=number(form, "port"),
            username=one_line(form, "username"),
            password=one_line(form, "password"),
            sender=one_line(form, "sender"),
        )
        await self.sources.administration.set_mail(wanted)
        return "The mail settings are saved."

    async def test_mail(self, form: Form) -> str:
        """One message."""
        mail = (await self.sources.administration.read()).mail
        return await asyncio.to_thread(send_test_mail, mail, one_line(form, "to"), socket.gethostname())

    async def sms(self, form: Form) -> str:
        """The SMSC."""
        before = (await self.sources.administration.read()).sms
        wanted = replace(
            before,
            enabled=checked(form, "enabled"),
            host=one_line(form, "host"),
            port=number(form, "port"),
            username=one_line(form, "username"),
            password=one_line(form, "password"),
            sender_address=one_line(form, "sender_address"),
        )
        await self.sources.administration.set_sms(wanted)
        return "The SMS settings are saved."

    async def test_sms(self, form: Form) -> str:
        """One message."""
        sms = (await self.sources.administration.read()).sms
        return await asyncio.to_thread(send_test_sms, sms, one_line(form, "to"))

    async def add_media_server(self, form: Form) -> str:
        """A new one gets conferences as soon as it answers."""
        address = one_line(form, "address", is_needed=True)
        await self.sources.administration.add_media_server(address, one_line(form, "name"))
        self.sources.monitor.look_again()
        return f"The media server {address} is added."

    async def change_media_server(self, form: Form) -> str:
        """Turned on, turned off or removed."""
        server, administration = number(form, "id"), self.sources.administration
        match one_line(form, "do"):
            case "remove":
                await administration.remove_media_server(server)
            case "enable" | "disable" as wanted:
                await administration.enable_media_server(server, enabled=wanted == "enable")
            case _:
                raise BadForm("Nothing was chosen.")
        self.sources.monitor.look_again()
        return "The media server is changed."

    async def create_conference(self, form: Form) -> str:
        """On the media server with the fewest."""
        name = conference_name(form, "name")
        await self.sources.conferences.create(uuid4(), name, self.sources.monitor.server_for_new())
        return f"The conference {name} is created."

    async def store_file(self, form: Form) -> str:
        """A file on the file storage."""
        name, content = upload(form, "file", None)
        if not is_file_name(name):
            raise BadForm(
                "A file name has letters, digits, blanks and . _ @ + -, and begins with a letter or digit."
            )
        async with asyncio.timeout(STORAGE_TIMEOUT_S):
            await asyncio.to_thread(self.storage.write, name, content)
        return f"{name} is stored."

    async def change_password(self, request: web.Request) -> web.Response:
        """The session of this browser goes on; all others end."""
        form, session = await request.post(), current_session.get()
        old, new = str(form.get("old", "")), str(form.get("new", ""))
        if not await self.access.is_right(session.name, old):
            return await self._message("account", "The old password is wrong.", is_good=False)
        if len(new) < SHORTEST or new != form.get("again"):
            text = f"The new password has to have {SHORTEST} characters, and the same twice."
            return await self._message("account", text, is_good=False)
        stored = await asyncio.to_thread(password_hash, new)
        await self.sources.administration.set_password(session.name, stored)
        response = await self._message("account", "The password is changed.", is_good=True)
        cookie = (await self.access.seals()).new_session(session.name, stored)
        response.set_cookie(COOKIE, cookie, max_age=LONGEST_S, httponly=True, secure=True, samesite="Lax")
        return response

    def _handler(self, path: str, action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
        page = path.partition("/")[0]

        async def handler(request: web.Request) -> web.Response:
            try:
                text, is_good = await action(await request.post()), True
            except (BadForm, NotSent, StorageUnavailable) as error:
                text, is_good = str(error), False
            return await self._message(page, text, is_good=is_good)

        return handler

    async def _message(self, page: str, text: str, *, is_good: bool) -> web.Response:
        sealed = (await self.access.seals()).message(text, is_good=is_good)
        location = f"/admin/{page}?{urlencode({'message': sealed})}"
        return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
