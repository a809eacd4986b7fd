"""The open HTTP interface: conferences, files, media servers, health and a page that says what this is."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from ivcs_server.conferences import Conferences
from ivcs_server.connections import DatabaseUnavailable
from ivcs_server.language import current_language, language_of
from ivcs_server.media_monitor import MediaMonitor
from ivcs_server.pages import page_response, render
from ivcs_server.settings import Settings
from ivcs_server.state import Sources, conference_json, media_server_json
from ivcs_server.storage import FileStorage, StorageUnavailable, is_file_name

STYLE = Path(__file__).parent / "templates" / "style.css"
LARGEST_FILE = 64 * 1024 * 1024
LONGEST_NAME = 1000
LONGEST_LIST = 1000
STORAGE_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Handlers of all requests."""

    settings: Settings
    sources: Sources
    storage: FileStorage

    @property
    def conferences(self) -> Conferences:
        """Where they are kept."""
        return self.sources.conferences

    @property
    def monitor(self) -> MediaMonitor:
        """Where new ones run."""
        return self.sources.monitor

    def application(self, *parts: tuple[str, web.Application]) -> web.Application:
        """The application with its routes, and parts of their own below a path."""
        application = web.Application(
            client_max_size=LARGEST_FILE, middlewares=[_in_its_language, _unavailable_is_503]
        )
        for path, part in parts:
            application.add_subapp(path, part)
        application.add_routes(
            [
                web.get("/style.css", self.style),
                web.get("/api/media-servers", self.list_media_servers),
                web.get("/", self.page),
                web.get("/api/health", self.health),
                web.get("/api/conferences", self.list_conferences),
                web.post("/api/conferences", self.create_conference),
                web.get("/api/conferences/{id}", self.conference),
                web.get("/api/files", self.list_files),
                web.get("/api/files/{name}", self.read_file),
                web.put("/api/files/{name}", self.write_file),
            ]
        )
        return application

    async def create_conference(self, request: web.Request) -> web.Response:
        """201 only after the commit; a client that sends its own id may repeat the request safely."""
        try:
            wanted = await request.json()
        except ValueError:
            return _problem(400, "the body must be JSON")
        name = wanted.get("name") if isinstance(wanted, dict) else None
        if not isinstance(name, str) or not _is_conference_name(name):
            return _problem(400, f"name must be a text of 1 to {LONGEST_NAME} characters")
        conference_id = _uuid(wanted["id"]) if "id" in wanted else uuid4()
        if conference_id is None:
            return _problem(400, "id must be a UUID")
        conference = await self.conferences.create(conference_id, name, self.monitor.server_for_new())
        if conference is None:
            return _problem(409, "there is a conference with this id and another name")
        return web.json_response(conference_json(conference, self.monitor), status=201)

    async def list_conferences(self, request: web.Request) -> web.Response:
        """The newest conferences, at most `?limit=`."""
        text = request.query.get("limit", "100")
        if not text.isascii() or not text.isdigit() or not 0 < int(text) <= LONGEST_LIST:
            return _problem(400, f"limit must be a number from 1 to {LONGEST_LIST}")
        conferences = await self.conferences.newest(int(text))
        return web.json_response({"conferences": [conference_json(one, self.monitor) for one in conferences]})

    async def conference(self, request: web.Request) -> web.Response:
        """One conference."""
        conference_id = _uuid(request.match_info["id"])
        conference = await self.conferences.conference(conference_id) if conference_id else None
        return (
            web.json_response(conference_json(conference, self.monitor))
            if conference
            else _problem(404, "no such conference")
        )

    async def list_media_servers(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Media servers with what the health checks say of them."""
        servers, unplaced = await self.sources.media_servers()
        return web.json_response(
            {
                "media_servers": [media_server_json(one) for one in servers],
                "conferences_without_media_server": unplaced,
            }
        )

    async def list_files(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Names of the files."""
        async with asyncio.timeout(STORAGE_TIMEOUT_S):
            return web.json_response({"files": await asyncio.to_thread(self.storage.names)})

    async def write_file(self, request: web.Request) -> web.Response:
        """201 only after the file is on the disk."""
        name = request.match_info["name"]
        if not is_file_name(name):
            return _problem(
                400, "a file name has letters, digits, blanks and . _ @ + -, and begins with a letter"
            )
        content = await request.read()
        async with asyncio.timeout(STORAGE_TIMEOUT_S):
            await asyncio.to_thread(self.storage.write, name, content)
        return web.json_response({"name": name, "bytes": len(content)}, status=201)

    async def read_file(self, request: web.Request) -> web.Response:
        """The file's bytes."""
        name = request.match_info["name"]
        if not is_file_name(name):
            return _problem(404, "no such file")
        async with asyncio.timeout(STORAGE_TIMEOUT_S):
            content = await asyncio.to_thread(self.storage.read, name)
        if content is None:
            return _problem(404, "no such file")
        return web.Response(body=content, content_type="application/octet-stream")

    async def health(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """200 if conferences and files can be used, else 503; the body says what cannot."""
        state = await self._state()
        return web.json_response(state, status=200 if state["healthy"] else 503)

    async def page(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """The state for people."""
        return page_response(render("start.html", state=await self._state()))

    async def style(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """How all pages look."""
        return web.Response(
            text=STYLE.read_text("utf-8"),
            content_type="text/css",
            headers={"Cache-Control": "max-age=300"},
        )

    async def _state(self) -> dict[str, object]:
        database, storage = await asyncio.gather(self._database_state(), self._storage_problem())
        settings = self.settings
        return {
            "reference": True,
            "healthy": database["error"] == "" and storage == "",
            "host": socket.gethostname(),
            "public": {"address": settings.public_address, "fqdn": settings.public_fqdn},
            "database": {"host": settings.database_host, **database},
            "filestorage": {
                "path": str(settings.storage_path),
                "address": settings.storage_address,
                "error": storage,
            },
        }

    async def _database_state(self) -> dict[str, object]:
        try:
            # Every connection is one that the server lets write, see Connections.
            return {"writable": True, "conferences": await self.conferences.count(), "error": ""}
        except DatabaseUnavailable as error:
            return {"writable": False, "conferences": None, "error": str(error)}

    async def _storage_problem(self) -> str:
        try:
            async with asyncio.timeout(STORAGE_TIMEOUT_S):
                return await asyncio.to_thread(self.storage.problem)
        except TimeoutError:
            return f"{self.storage.path} does not answer"


@web.middleware
async def _in_its_language(request: web.Request, handler: Handler) -> web.StreamResponse:
    current_language.set(language_of(request.headers.get("Accept-Language", "")))
    return await handler(request)


@web.middleware
async def _unavailable_is_503(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (DatabaseUnavailable, StorageUnavailable) as error:
        problem = str(error)
    except TimeoutError:
        problem = "the file storage does not answer"
    if request.path.startswith("/api/"):
        return _problem(503, problem)
    # What answers a form has often no page of its own.
    is_form = request.method == "POST" and request.path.startswith("/admin/")
    place = f"/admin/{request.path.split('/')[2]}" if is_form else ""
    html = render("unavailable.html", problem=problem, place=place, host=socket.gethostname())
    return page_response(html, status=503)


def _is_conference_name(text: str) -> bool:
    # JSON can say "\\u0000" and half of a surrogate pair; PostgreSQL can store neither.
    return 0 < len(text) <= LONGEST_NAME and not any(
        sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text
    )


def _problem(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
