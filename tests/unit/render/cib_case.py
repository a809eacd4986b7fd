"""The article's cluster as a CibPlan, for the tests of the CIB."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from live_cluster.model.profile import load_profile
from live_cluster.render.cib import CibPlan
from live_cluster.render.cib_parts import FloatingAddress, Service
from live_cluster.render.cib_storage import Mount, SharedFiles

PROFILE = load_profile(Path(__file__).parents[3] / "profiles/ivcs.toml")


def _service(resource: str, unit: str, *, must_run_once: bool) -> Service:
    return Service(
        resource=resource, unit=unit, stop_timeout_s=5, start_timeout_s=60, must_run_once=must_run_once
    )


PLAN = CibPlan(
    names=PROFILE.resources,
    database_ip=FloatingAddress(address=IPv4Address("192.0.2.102"), prefix=24, nic="bond0"),
    public_ip=FloatingAddress(address=IPv4Address("192.0.2.100"), prefix=24, nic="bond0"),
    files=SharedFiles(
        address=FloatingAddress(address=IPv4Address("192.0.2.101"), prefix=24, nic="bond0"),
        mount=Mount(device="/dev/mapper/filestorage", fstype="ext4", options="noatime"),
        mount_point="/srv/filestorage",
        file_server=_service("samba", "smbd", must_run_once=False),
    ),
    services=tuple(
        _service(one.resource, one.unit, must_run_once=one.must_run_once)
        for one in PROFILE.clustered_services
    ),
    database_parameters={"pgdata": "/var/lib/postgresql/15/main", "port": "5432"},
    ping_targets=(IPv4Address("192.0.2.254"),),
)
