#!/usr/bin/python3
"""Runs commands in a virtual machine over the lab's own cable, which no fault of a test touches.

One program for both ends, with nothing but the standard library, for it is also copied into machines:
`serve` within, `call NAME=VALUE... -- ARGV` at the lab. The cable's end within stands in a network namespace of
its own: what runs there sees the interfaces that a server has, and no other.

A connection is one command: a line of JSON asks for it, then frames (kind, length, content) go both ways. Where the
connection ends before the command does, the command is killed with its process group.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import fcntl
import json
import os
import pty
import selectors
import signal
import socket
import struct
import subprocess  # noqa: TID251 - this is what it is for, within a machine
import sys
import termios
import threading
import tty
from collections.abc import Iterator, Sequence
from pathlib import Path

LAB_ADDRESS, MACHINE_ADDRESS, PREFIX_LENGTH = "169.254.81.1", "169.254.81.2", 30
PORT = 1022
INTERFACE, NAMESPACE = "vec4", "lab"
# Exit codes of `call` where nobody answers, or no more.
NO_ANSWER, CUT_OFF = 255, 254
NO_ANSWER_TEXT = "lab: the system does not answer"

_INPUT, _OUTPUT, _ERRORS, _ENDED, _WINDOW = range(5)
_FRAME = struct.Struct(">BI")
_PIECE = 65536
# So much input may wait for a command that does not read it.
_MOST_WAITING = 1024 * 1024
_CONNECT_TIMEOUT_S = 20.0
_LAST_INPUT_TIMEOUT_S = 120.0
# A machine that booted again answers the next probe with a reset; one that hangs gets its time.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 5), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 120))


def _send(connection: socket.socket, kind: int, content: bytes = b"") -> None:
    connection.sendall(_FRAME.pack(kind, len(content)) + content)


def _frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Takes whole frames from the buffer; the rest stays."""
    while len(buffer) >= _FRAME.size:
        kind, length = _FRAME.unpack_from(buffer)
        end = _FRAME.size + length
        if len(buffer) < end:
            return
        yield kind, bytes(buffer[_FRAME.size : end])
        del buffer[:end]


# -- within -------------------------------------------------------------------------------------------------------


def serve() -> None:
    """Takes the lab's interface away and answers there until the machine ends."""
    listener = _listen_apart()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_attend, args=(connection,), daemon=True).start()


def _listen_apart() -> socket.socket:
    """A socket belongs to the namespace in which it was made; afterwards this process is back in the usual one."""
    commands = [f"address add {MACHINE_ADDRESS}/{PREFIX_LENGTH} dev {INTERFACE}", f"link set {INTERFACE} up"]
    if not Path("/run/netns", NAMESPACE).exists():
        subprocess.run(("ip", "netns", "add", NAMESPACE), check=True)
        subprocess.run(("ip", "link", "set", INTERFACE, "netns", NAMESPACE), check=True)
        batch = ("ip", "-n", NAMESPACE, "-batch", "-")
        subprocess.run(batch, input="\n".join(commands), text=True, check=True)
    with open("/proc/self/ns/net") as usual, open(f"/run/netns/{NAMESPACE}") as apart:  # noqa: PTH123
        _enter_namespace(apart.fileno())
        listener = socket.create_server((MACHINE_ADDRESS, PORT), backlog=128)
        _enter_namespace(usual.fileno())
    return listener


def _enter_namespace(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _attend(connection: socket.socket) -> None:
    buffer = bytearray()
    with connection, contextlib.suppress(OSError):
        while b"\n" not in buffer:
            piece = connection.recv(_PIECE)
            if not piece:
                return
            buffer += piece
        line, _, rest = bytes(buffer).partition(b"\n")
        request = json.loads(line)
        try:
            command = _TerminalCommand(request) if request["terminal"] else _PipedCommand(request)
        except OSError as error:
            _send(connection, _ERRORS, f"lab: {request['argv'][0]}: {error.strerror}\n".encode())
            _send(connection, _ENDED, bytes([127 if isinstance(error, FileNotFoundError) else 126]))
        else:
            _Relay(connection, command, bytearray(rest)).run()
        _read_to_end(connection)


def _read_to_end(connection: socket.socket) -> None:
    """Closing while input lies unread would be a reset, and the caller might never see how the command ended."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_LAST_INPUT_TIMEOUT_S)
    while connection.recv(_PIECE):
        pass


class _Command:
    """A running command: `sources` are descriptors of its output with the kind of frame each becomes."""

    process: subprocess.Popen[bytes]
    input: int
    sources: dict[int, int]

    def end_input(self) -> None:
        """Nothing more will come."""

    def resize(self, size: bytes) -> None:
        """The caller's window has another size."""

    def close(self) -> None:
        """Gives the descriptors back."""


class _PipedCommand(_Command):
    def __init__(self, request: dict[str, list[str]]) -> None:
        environment = dict(pair.split("=", 1) for pair in request["environment"])
        self.process = subprocess.Popen(
            request["argv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        pipes = (self.process.stdin, self.process.stdout, self.process.stderr)
        self.input, output, errors = (pipe.fileno() if pipe else -1 for pipe in pipes)
        self.sources = {output: _OUTPUT, errors: _ERRORS}

    def end_input(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


class _TerminalCommand(_Command):
    def __init__(self, request: dict[str, list[str]]) -> None:
        environment = dict(pair.split("=", 1) for pair in request["environment"])
        self.input, inner = pty.openpty()
        try:
            self.process = subprocess.Popen(
                ("setsid", "--ctty", *request["argv"]),
                stdin=inner,
                stdout=inner,
                stderr=inner,
                env=environment,
                cwd="/",
            )
        except OSError:
            os.close(self.input)
            raise
        finally:
            os.close(inner)
        self.sources = {self.input: _OUTPUT}

    def resize(self, size: bytes) -> None:
        fcntl.ioctl(self.input, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        os.close(self.input)


class _Relay:
    """Carries between the connection and the command until either ends."""

    def __init__(self, connection: socket.socket, command: _Command, received: bytearray) -> None:
        self._connection, self._command, self._received = connection, command, received
        self._waiting: collections.deque[bytes] = collections.deque()
        self._has_input_ended = self._is_input_closed = False
        self._end = os.pidfd_open(command.process.pid)
        self._selector = selectors.PollSelector()
        for descriptor in (command.input, *command.sources):
            os.set_blocking(descriptor, False)

    def run(self) -> None:
        command = self._command
        try:
            self._selector.register(self._end, selectors.EVENT_READ)
            self._watch_connection(wanted=True)
            for source in command.sources:
                self._selector.register(source, selectors.EVENT_READ)
            self._take(b"")
            while self._step():
                pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                # Not what it left behind on purpose: only where the connection ended before the command.
                if command.process.poll() is None:
                    os.killpg(command.process.pid, signal.SIGKILL)
            command.process.wait()
            self._selector.close()
            os.close(self._end)
            command.close()

    def _step(self) -> bool:
        """False at the end of either."""
        for key, _ in self._selector.select():
            if key.fileobj == self._connection:
                piece = self._connection.recv(_PIECE)
                if not piece:
                    return False
                self._take(piece)
            elif key.fd in self._command.sources and key.fd != self._command.input:
                self._pass_on(key.fd)
            elif key.fd == self._command.input:
                if key.fd in self._command.sources:
                    self._pass_on(key.fd)
                self._feed()
        returncode = self._command.process.poll()
        if returncode is None:
            return True
        for source in self._command.sources:
            while self._pass_on(source):
                pass
        _send(self._connection, _ENDED, bytes([returncode if returncode >= 0 else 128 - returncode]))
        return False

    def _take(self, piece: bytes) -> None:
        self._received += piece
        for kind, content in _frames(self._received):
            if kind == _WINDOW:
                self._command.resize(content)
            elif content:
                self._waiting.append(content)
            else:
                self._has_input_ended = True
        self._feed()

    def _feed(self) -> None:
        """As much of the input as the command takes now."""
        if self._is_input_closed:
            return
        try:
            while self._waiting:
                written = os.write(self._command.input, self._waiting[0])
                rest = self._waiting.popleft()[written:]
                if rest:
                    self._waiting.appendleft(rest)
        except BlockingIOError:
            pass
        except OSError:
            # The command does not read any more: as with a broken pipe, the rest is for nobody.
            self._waiting.clear()
            self._has_input_ended = True
        self._watch_input()
        self._watch_connection(wanted=sum(map(len, self._waiting)) < _MOST_WAITING)
        if self._has_input_ended and not self._waiting:
            self._is_input_closed = True
            self._command.end_input()

    def _watch_input(self) -> None:
        read = selectors.EVENT_READ if self._command.input in self._command.sources else 0
        self._watch(self._command.input, read | (selectors.EVENT_WRITE if self._waiting else 0))

    def _watch_connection(self, *, wanted: bool) -> None:
        self._watch(self._connection, selectors.EVENT_READ if wanted else 0)

    def _watch(self, what: int | socket.socket, events: int) -> None:
        known = what in self._selector.get_map()
        if events and known:
            self._selector.modify(what, events)
        elif events:
            self._selector.register(what, events)
        elif known:
            self._selector.unregister(what)

    def _pass_on(self, source: int) -> bool:
        """One piece of output; False where there is none now."""
        try:
            piece = os.read(source, _PIECE)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if piece:
            _send(self._connection, self._command.sources[source], piece)
        elif source in self._selector.get_map():
            self._selector.unregister(source)
        return bool(piece)


# -- at the lab ---------------------------------------------------------------------------------------------------


def call(environment: Sequence[str], argv: Sequence[str]) -> int:
    """Runs the command in the machine with our input, output and terminal; its exit code is ours."""
    is_terminal = os.isatty(0) and os.isatty(1)
    request = {"argv": list(argv), "environment": list(environment), "terminal": is_terminal}
    try:
        connection = socket.create_connection((MACHINE_ADDRESS, PORT), timeout=_CONNECT_TIMEOUT_S)
    except OSError as error:
        os.write(2, f"{NO_ANSWER_TEXT}: {error}\n".encode())
        return NO_ANSWER
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
    try:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with _own_terminal(connection) if is_terminal else contextlib.nullcontext():
            threading.Thread(target=_send_input, args=(connection,), daemon=True).start()
            return _show_output(connection)
    except OSError as error:
        os.write(2, f"lab: the system ended or was cut off while the command ran: {error}\n".encode())
        return CUT_OFF


@contextlib.contextmanager
def _own_terminal(connection: socket.socket) -> Iterator[None]:
    def tell_size(*_: object) -> None:
        _send(connection, _WINDOW, fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))

    before = termios.tcgetattr(0)
    tell_size()
    signal.signal(signal.SIGWINCH, tell_size)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _send_input(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := os.read(0, _PIECE):
            _send(connection, _INPUT, piece)
        _send(connection, _INPUT)


def _show_output(connection: socket.socket) -> int:
    buffer = bytearray()
    while piece := connection.recv(_PIECE):
        buffer += piece
        for kind, content in _frames(buffer):
            if kind == _ENDED:
                return content[0]
            _write_all(1 if kind == _OUTPUT else 2, content)
    raise ConnectionError("connection closed")


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        # Not sys.exit: the thread that reads our input may wait for ever.
        words = sys.argv[2:]
        split = words.index("--")
        os._exit(call(words[:split], words[split + 1 :]))
