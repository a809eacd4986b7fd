"""Where the files lie, read from one text: a block device, a DRBD disk, or a network share (B4)."""

from __future__ import annotations

import re
from collections.abc import Callable

from live_cluster.model.settings import BlockDevice, CifsShare, DrbdDisk, NfsExport, Storage

# udev writes other characters in /dev/disk/by-id as \x20, so a backslash is a part of names.
_DEVICE = re.compile(r"/dev(?:/[A-Za-z0-9._:+@=,\\-]+)+")
_READY_DRBD = re.compile(r"/dev/drbd(?:[0-9]+|/.+)")
_SCHEMES = {"cifs": "cifs", "smb": "cifs", "nfs": "nfs"}


class StorageRefused(Exception):
    """The text names no storage; `code` is that of the sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def storage_from(text: str, check_host: Callable[[str], object]) -> Storage:
    """`check_host` raises for what is no host name; its reason is passed on as it is."""
    if text.startswith("\\\\"):
        raise StorageRefused("storage-backslashes")
    if text.startswith("drbd:"):
        return DrbdDisk(path=_device(text.removeprefix("drbd:")), is_ready=False)
    if text.startswith("//"):
        return _share("cifs", text[2:], check_host)
    if text.startswith("/"):
        path = _device(text)
        return DrbdDisk(path=path, is_ready=True) if _READY_DRBD.fullmatch(path) else BlockDevice(path=path)
    scheme, separator, rest = text.partition("://")
    if separator:
        if scheme.lower() not in _SCHEMES:
            raise StorageRefused("storage-unknown")
        return _share(_SCHEMES[scheme.lower()], rest, check_host)
    host, separator, export = text.partition(":/")
    if separator and host and "/" not in host:
        return _share("nfs", f"{host}/{export}", check_host)
    raise StorageRefused("storage-unknown")


def _device(path: str) -> str:
    if not _DEVICE.fullmatch(path) or _has_dots(path):
        raise StorageRefused("storage-not-device")
    return path


def _share(kind: str, text: str, check_host: Callable[[str], object]) -> Storage:
    host, _, path = text.partition("/")
    if "@" in host:
        raise StorageRefused("storage-with-credentials")
    if not host or not path.strip("/") or "//" in path:
        raise StorageRefused("storage-without-share")
    if _has_dots(path):
        raise StorageRefused("storage-unknown")
    check_host(host)
    if kind == "cifs":
        return CifsShare(host=host, share=path.rstrip("/"))
    return NfsExport(host=host, export=f"/{path.rstrip('/')}")


def _has_dots(path: str) -> bool:
    return any(part in {".", ".."} for part in path.split("/"))
