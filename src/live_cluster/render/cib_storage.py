"""The file storage's group: what is mounted, its address, the file server."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from live_cluster.model.profile import Resources
from live_cluster.render.cib_drbd import mirrored_disks
from live_cluster.render.cib_elements import Element, Operation, Primitive, group
from live_cluster.render.cib_parts import FloatingAddress, Service, floating_address, service_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """What is mounted, in the words of mount(8). `is_network`: from a server that can go away and come back."""

    device: str
    fstype: str
    options: str
    is_network: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFiles:
    """The file storage: what is mounted where, and shared by whom at which address.

    `drbd_resource` is DRBD's own name of the device in the tree; empty where there is none. While files move away
    from DRBD, it is still there, and what is mounted is another device; `drbd_leaves`: it stops, to be taken out.
    """

    address: FloatingAddress
    mount: Mount
    mount_point: str
    file_server: Service
    drbd_resource: str = ""
    drbd_leaves: bool = False


def mirror_in(cib: bytes, identity: str) -> str:
    """DRBD's own name of what the resource of this name stands for; empty where there is no such resource."""
    path = f".//primitive[@id='{identity}']/instance_attributes/nvpair[@name='drbd_resource']"
    found = etree.fromstring(cib).find(path) if cib else None
    return "" if found is None else str(found.get("value"))


def mounted_by(cib: bytes, identity: str) -> Mount | None:
    """What the resource of this name mounts by a running CIB; None where there is no such resource."""
    found = etree.fromstring(cib).find(f".//primitive[@id='{identity}']/instance_attributes") if cib else None
    if found is None:
        return None
    values = {str(pair.get("name")): str(pair.get("value")) for pair in found.iterfind("nvpair")}
    device, fstype, options = (values.get(name, "") for name in ("device", "fstype", "options"))
    return Mount(device=device, fstype=fstype, options=options)


def storage(names: Resources, files: SharedFiles | None, *, fenced: bool) -> tuple[Element, ...]:
    """The group as the article has it, and DRBD under it; nothing for a product without files."""
    if files is None:
        return ()
    members = (
        _filesystem(names.filestorage_filesystem, files),
        floating_address(names.filestorage_address, files.address),
        service_unit(files.file_server, fenced=fenced),
    )
    made = group(names.filestorage_group, members)
    if not files.drbd_resource:
        return (made,)
    return (made, mirrored_disks(names, files.drbd_resource, is_leaving=files.drbd_leaves))


def _filesystem(identity: str, files: SharedFiles) -> Primitive:
    return Primitive(
        id=identity,
        agent="ocf:heartbeat:Filesystem",
        parameters={
            "device": files.mount.device,
            "directory": files.mount_point,
            "fstype": files.mount.fstype,
            "options": files.mount.options,
            **({"force_unmount": "safe"} if files.mount.is_network else {}),
        },
        operations=_of_network() if files.mount.is_network else _of_device(),
        passing_meta=_NETWORK_META if files.mount.is_network else {},
    )


def _of_device() -> tuple[Operation, ...]:
    return (
        # Writes a small file: a mounted file system whose device is gone looks alive to every lesser check, and
        # stays read-only when the device is back until somebody mounts it anew.
        Operation(name="monitor", interval="10s", timeout="60s", parameters=_WRITES),
        Operation(name="start", timeout="120s"),
        Operation(name="stop", timeout="120s"),
    )


_WRITES = {"OCF_CHECK_LEVEL": "20"}
# The other head reaches the same NAS: whoever cannot mount it tries again here, three times in half a minute.
_NETWORK_META = {"migration-threshold": "3", "failure-timeout": "30s"}


def _of_network() -> tuple[Operation, ...]:
    """A NAS that is away is no reason to stop anything: the mount stays, and works again when it is back.

    Stopping would end all calls, and then wait for a server that does not answer; without fencing, a stop that
    fails is the end of the service. What must not go on is an application whose files are not mounted at all.
    """
    return (
        Operation(name="monitor", interval="10s", timeout="60s"),
        # Tells `status` that files cannot be written; its interval must differ from the other monitor's.
        Operation(name="monitor", interval="15s", timeout="60s", on_fail="ignore", parameters=_WRITES),
        Operation(name="start", timeout="120s"),
        # The agent asks whoever still has files open there for half of it, and ends them in the other half.
        Operation(name="stop", timeout="180s"),
    )
