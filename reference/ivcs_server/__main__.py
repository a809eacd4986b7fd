"""The service: listens at once, and prepares the database as soon as that can be reached."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys

from aiohttp import web

from ivcs_server.access import Access
from ivcs_server.admin_api import AdminApi
from ivcs_server.admin_pages import AdminPages
from ivcs_server.administration import Administration
from ivcs_server.conferences import Conferences
from ivcs_server.connections import Connections, DatabaseUnavailable
from ivcs_server.media_client import MediaClient, new_session
from ivcs_server.media_monitor import MediaMonitor
from ivcs_server.schema import migrate
from ivcs_server.settings import Settings, SettingsProblem, read_settings
from ivcs_server.state import Sources
from ivcs_server.storage import FileStorage
from ivcs_server.web import Api
from ivcs_service.systemd import notify
from ivcs_service.waiting import happens_within

MIGRATION_RETRY_S = 0.5
STOP_TIMEOUT_S = 0.5
EX_CONFIG = 78

log = logging.getLogger("ivcs-server")


def main() -> int:
    """Exit code of the service."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    try:
        settings = read_settings()
    except SettingsProblem as problem:
        log.error("%s", problem)
        return EX_CONFIG
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    connections = Connections(settings)
    media_session = new_session()
    sources = _sources(connections, MediaClient(media_session))
    runner = web.AppRunner(_application(settings, sources), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.listen_port, reuse_address=True).start()
    notify("READY=1")
    log.info(
        "reference application; database at %s, files in %s", settings.database_host, settings.storage_path
    )
    work = asyncio.create_task(_work(settings, connections, sources, stop))
    # An error that nobody foresaw ends the service, so that it is seen and the cluster starts it anew.
    work.add_done_callback(lambda _: stop.set())
    await stop.wait()
    notify("STOPPING=1")
    # A request that is not answered yet may take 5 s; its client has to see to it either way.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await runner.cleanup()
            await work
            await media_session.close()
            await connections.close()


def _sources(connections: Connections, client: MediaClient) -> Sources:
    administration, conferences = Administration(connections), Conferences(connections)
    return Sources(
        administration=administration,
        conferences=conferences,
        monitor=MediaMonitor(administration, conferences, client),
    )


def _application(settings: Settings, sources: Sources) -> web.Application:
    storage = FileStorage(path=settings.storage_path, must_be_mounted=settings.storage_must_be_mounted)
    access = Access(sources.administration)
    pages = AdminPages(sources=sources, access=access, storage=storage)
    api = Api(settings=settings, sources=sources, storage=storage)
    return api.application(
        ("/api/admin", AdminApi(sources=sources, access=access).application()),
        ("/admin", pages.application()),
    )


async def _work(settings: Settings, connections: Connections, sources: Sources, stop: asyncio.Event) -> None:
    await _prepare_database(settings, connections, sources, stop)
    await asyncio.gather(sources.monitor.check_until(stop), sources.monitor.place_until(stop))


async def _prepare_database(
    settings: Settings, connections: Connections, sources: Sources, stop: asyncio.Event
) -> None:
    complaint = ""
    while not stop.is_set():
        try:
            await migrate(connections)
            if settings.admin_password_hash:
                await sources.administration.add_first_administrator("admin", settings.admin_password_hash)
        except DatabaseUnavailable as error:
            if str(error) != complaint:
                complaint = str(error)
                log.warning("waiting for the database: %s", complaint)
            await happens_within(stop, MIGRATION_RETRY_S)
        else:
            log.info("the database is ready")
            return


if __name__ == "__main__":
    sys.exit(main())
