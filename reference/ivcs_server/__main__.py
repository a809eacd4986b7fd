"""The service: listens at once, and prepares the database as soon as that can be reached."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys

from aiohttp import web

from ivcs_server.connections import Connections, DatabaseUnavailable
from ivcs_server.database import Database
from ivcs_server.settings import Settings, SettingsProblem, read_settings
from ivcs_server.storage import FileStorage
from ivcs_server.web import Api
from ivcs_service.systemd import notify

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
    database = Database(connections)
    storage = FileStorage(path=settings.storage_path, must_be_mounted=settings.storage_must_be_mounted)
    runner = web.AppRunner(
        Api(settings=settings, database=database, storage=storage).application(), access_log=None
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.listen_port, reuse_address=True).start()
    notify("READY=1")
    log.info(
        "reference application; database at %s, files in %s", settings.database_host, settings.storage_path
    )
    migration = asyncio.create_task(_migrate(database, stop))
    await stop.wait()
    notify("STOPPING=1")
    # A request that is not answered yet may take 5 s; its client has to see to it either way.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await runner.cleanup()
            await migration
            await connections.close()


async def _migrate(database: Database, stop: asyncio.Event) -> None:
    complaint = ""
    while not stop.is_set():
        try:
            await database.migrate()
        except DatabaseUnavailable as error:
            if str(error) != complaint:
                complaint = str(error)
                log.warning("waiting for the database: %s", complaint)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(MIGRATION_RETRY_S):
                    await stop.wait()
        else:
            log.info("the database is ready")
            return


if __name__ == "__main__":
    sys.exit(main())
