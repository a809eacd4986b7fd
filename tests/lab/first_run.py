"""The first `configure` of a lab, watched from beginning to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster import KEPT, OPTIONS, REPLACED, Cluster, Report, write_conference
from process_sampler import ProcessSampler

from live_lab import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """A first `configure` of two servers that both have data, with everything that was seen on the way."""

    cluster: Cluster
    report: Report
    seen: Mapping[str, list[bytes]]

    @property
    def lab(self) -> Lab:
        """The lab it happened in, whose logs are kept when a test fails."""
        return self.cluster.lab

    @classmethod
    def on(cls, lab: Lab) -> FirstRun:
        """Puts data on both heads, opens all servers, configures with --yes."""
        with ProcessSampler([*lab.heads, *lab.media]) as sampler:
            cluster = Cluster.unlocked(lab)
            for host, name in zip(lab.heads, (KEPT, REPLACED), strict=True):
                write_conference(host, name)
            report = cluster.configure(*OPTIONS, "--yes")
        return cls(cluster=cluster, report=report, seen=sampler.seen)
