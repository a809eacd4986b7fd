"""Fencing in the text of `status`."""

from __future__ import annotations

from live_cluster.cli.output import Output
from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import Instance, Role
from live_cluster.model.health import Observation

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def fencing_lines(seen: Observation, output: Output) -> Iterator[str]:
    """How a lost head is kept from going on, whether that works, and the last attempt that failed."""
    view, watchdog = seen.view, seen.watchdog
    if not view.fencing_enabled:
        yield output.words(message("status-fencing-off"))
        return
    if watchdog is not None:
        code = "status-watchdog" if watchdog.armed else "status-watchdog-not-armed"
        way = message("watchdog-disk", disk=watchdog.disk) if watchdog.disk else message("watchdog-arbiter")
        line = message(code, device=watchdog.device, way=way)
        yield output.styled(output.words(line), "" if watchdog.armed else "red")
    states = [_device_state(device) for device in view.fencing_devices]
    if states or watchdog is None:
        text = ", ".join(output.words(state) for state in states)
        line = message("status-fencing", devices=text) if states else message("status-fencing-none")
        runs = all(state.code == "fencing-device-runs" for state in states)
        yield output.styled(output.words(line), "" if states and runs else "red")
    for event in view.failed_fencing[:1]:
        reason = f": {event.reason}" if event.reason else ""
        failed = message(
            "status-fencing-failed", action=event.action, target=event.target, when=event.when, reason=reason
        )
        yield output.styled(output.words(failed), "yellow")


def _device_state(device: Instance) -> Message:
    if device.failed:
        return message("fencing-device-failed", device=device.id)
    if not device.active or device.role is not Role.STARTED:
        return message("fencing-device-stopped", device=device.id)
    return message("fencing-device-runs", device=device.id, node=", ".join(device.nodes))
