"""The kernel's interfaces in the output of ip(8), and the rings in corosync.conf: for `status`, it loads fast."""

from __future__ import annotations

from live_cluster.model.interface import BOND, BondState, Interface, Monitoring
from live_cluster.model.network_scheme import Network, Wanted, ring_on

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Object = dict[str, Any]


class _Scanner:
    """What the scanner of the module json asks of its decoder."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012


def parse_interfaces(text: str) -> tuple[Interface, ...]:
    """All interfaces in the output of `ip -json -details address show`; none where there was no answer."""
    # The module json takes 4 ms to load, nearly all of them for regular expressions that only its errors need.
    from _json import make_scanner

    if not text.startswith("["):
        return ()
    try:
        links, _ = make_scanner(_Scanner())(text, 0)  # type: ignore[arg-type]
    except (StopIteration, ValueError):
        # Cut off: the tool was ended.
        return ()
    return tuple(_interface(link) for link in links if link.get("ifname"))


def _interface(link: Object) -> Interface:
    about = link.get("linkinfo", {})
    port = about.get("info_slave_data", {}) if about.get("info_slave_kind") == BOND else {}
    carrier = "LOWER_UP" in link.get("flags", [])
    return Interface(
        name=link["ifname"],
        kind=about.get("info_kind", ""),
        master=link.get("master", ""),
        lower=link.get("link") or "",
        mtu=link.get("mtu", 0),
        carrier=carrier,
        works=port["mii_status"] == "UP" if "mii_status" in port else carrier,
        addresses=tuple(
            (one["local"], one["prefixlen"])
            for one in link.get("addr_info", [])
            if one.get("family") == "inet"
        ),
        bond=_bond(about["info_data"]) if about.get("info_kind") == BOND and "info_data" in about else None,
        aggregator=port.get("ad_aggregator_id", 0),
    )


def _bond(data: Object) -> BondState:
    aggregate = data.get("ad_info", {})
    mode = data.get("mode", "")
    return BondState(
        mode=mode,
        active=data.get("active_slave", ""),
        monitoring=Monitoring(
            miimon_ms=data.get("miimon", 0),
            updelay_ms=data.get("updelay", 0),
            downdelay_ms=data.get("downdelay", 0),
            arp_interval_ms=data.get("arp_interval", 0),
            # Kernels before 5.16 do not say it: it was always 2.
            arp_missed=data.get("arp_missed_max", 2),
            arp_targets=tuple(data.get("arp_ip_target") or ()),
            # Told for every mode, used in this one.
            lacp_rate=data.get("ad_lacp_rate", "") if mode == "802.3ad" else "",
        ),
        aggregator=aggregate.get("aggregator", 0),
        partner=aggregate.get("partner_mac", ""),
    )


def network_of(corosync_conf: str, interfaces: Sequence[Interface]) -> Network | None:
    """This head's networks; None where corosync.conf(5) names no address of this server."""
    own = {address for one in interfaces for address, _ in one.addresses}
    nodes = list(_nodes(corosync_conf))
    here = next((node for node in nodes if own & set(node["rings"].values())), None)
    if here is None:
        return None
    other: dict[int, str] = next((node["rings"] for node in nodes if node is not here), {})
    wanted = [Wanted(number, address, other.get(number, "")) for number, address in here["rings"].items()]
    rings = tuple(ring_on(one, interfaces) for one in wanted)
    return Network(here["name"], rings, patience_ms=_patience_ms(corosync_conf))


def _nodes(corosync_conf: str) -> Iterator[Object]:
    _, _, nodelist = corosync_conf.partition("nodelist {")
    for part in nodelist.split("node {")[1:]:
        pairs = [line.split() for line in part.partition("}")[0].splitlines()]
        values = {words[0].rstrip(":"): words[1] for words in pairs if len(words) == 2}
        rings = {n: values[f"ring{n}_addr"] for n in range(8) if f"ring{n}_addr" in values}
        yield {"name": values.get("name", ""), "rings": rings}


def _patience_ms(corosync_conf: str) -> int:
    """token + consensus: what a silent head is waited for; 0 where the file does not say both."""
    values = {}
    for line in corosync_conf.splitlines():
        name, _, value = line.strip().partition(":")
        if name in ("token", "consensus") and value.strip().isdigit():
            values[name] = int(value)
    return sum(values.values()) if len(values) == 2 else 0
