"""Listens as configured, with TLS; a new certificate counts from the next connection on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

from ivcs_signalling.configuration import Signalling

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Datagrams = Callable[[], asyncio.DatagramProtocol]

log = logging.getLogger("signalling")


class Certificate:
    """The TLS context of all listeners; connections that stand keep what they began with."""

    def __init__(self, settings: Signalling) -> None:
        self._settings = settings
        self._current: ssl.SSLContext | None = None
        self.context = _server_context()
        self.context.sni_callback = self._choose

    @property
    def is_loaded(self) -> bool:
        """Whether there is a certificate to show."""
        return self._current is not None

    def load(self) -> None:
        """Reads certificate and key; ones that cannot be used leave the old ones in force."""
        files = (self._settings.certificate, self._settings.private_key)
        # Always a new context: one that has an EC and an RSA certificate goes on showing the older one.
        found = _server_context()
        try:
            found.load_cert_chain(*files)
        except (OSError, ssl.SSLError) as error:
            log.error("%s cannot be used: %s", files[0], error)
        else:
            self._current = found
            log.info("certificate %s", files[0])

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> int | None:
        """Called at the beginning of every handshake, with or without a server name."""
        if self._current is None:
            return ssl.AlertDescription.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._current
        return None


@contextlib.asynccontextmanager
async def listening(
    settings: Signalling, converse: Conversation, datagrams: Datagrams | None = None
) -> AsyncIterator[None]:
    """Until the end of the block; SIGHUP reads the certificate again."""
    certificate = Certificate(settings)
    certificate.load()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, certificate.load)
    async with contextlib.AsyncExitStack() as stack:
        for one in settings.listeners:
            if one.protocol == "udp":
                assert datagrams is not None, "only SIP listens with UDP"
                transport, _ = await loop.create_datagram_endpoint(
                    datagrams, local_addr=(one.address, one.port)
                )
                stack.callback(transport.close)
            else:
                # Without a certificate the handshake fails, and works after the first good SIGHUP.
                tls = certificate.context if one.protocol == "tls" else None
                server = await asyncio.start_server(converse, one.address, one.port, ssl=tls)
                stack.callback(server.close)
        yield


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
