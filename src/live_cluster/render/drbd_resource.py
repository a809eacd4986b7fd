"""DRBD's resource file for the file storage (drbd.conf(5), module 8.4)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.model.drbd import DEVICE, MINOR, PORT, RESOURCE
from live_cluster.model.settings import Secret
from live_cluster.render.ownership import OWNED

FENCE_HANDLER = "/usr/lib/live-cluster/drbd-fence-peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredDisk:
    """The disk under DRBD and both heads' addresses for it; `names` are the cluster's: this head's, the other's.

    `is_being_filled`: the cluster does not have it yet, and one head copies files to it.
    """

    disk: str
    addresses: tuple[IPv4Address, IPv4Address]
    names: tuple[str, str]
    secret: Secret
    is_being_filled: bool = False


def resource_file(mirrored: MirroredDisk) -> str:
    """The same on both heads but for the order of the names; holds the secret."""
    here, there = mirrored.names
    handler = f'"{FENCE_HANDLER} {{}} {here} {there}"'
    # The handlers write into the part of the cluster's configuration that is DRBD's, which is not there yet: a copy
    # would stand still for ever once the other head is gone. Nobody takes over what is not in use.
    fencing = "dont-care" if mirrored.is_being_filled else "resource-and-stonith"
    sections = "\n".join(f"    floating {address}:{PORT};" for address in mirrored.addresses)
    return f"""{OWNED}resource {RESOURCE} {{
    device {DEVICE} minor {MINOR};
    disk "{mirrored.disk}";
    meta-disk internal;

    net {{
        protocol C;
        cram-hmac-alg sha256;
        shared-secret "{mirrored.secret.reveal()}";
        # Nothing that was acknowledged is dropped by itself: only a side that wrote nothing gives way.
        after-sb-0pri discard-zero-changes;
        after-sb-1pri consensus;
        after-sb-2pri disconnect;
        # A lost peer is found after 4 s (a write under way) to 7 s (none): the cluster takes as long for it.
        timeout 40;
        ping-int 5;
        ping-timeout 20;
        max-buffers 8000;
        max-epoch-size 8000;
        verify-alg crc32c;
    }}
    disk {{
        on-io-error detach;
        # Writes wait until the other head cannot take over with older files any more.
        fencing {fencing};
        resync-rate 10M;
        c-plan-ahead 20;
        c-fill-target 1M;
        c-min-rate 4M;
        c-max-rate 400M;
    }}
    handlers {{
        fence-peer {handler.format("fence")};
        unfence-peer {handler.format("unfence")};
        after-resync-target {handler.format("unfence")};
        split-brain {handler.format("split-brain")};
    }}

    # By address, not by name: administrators may rename the hosts later.
{sections}
}}
"""
