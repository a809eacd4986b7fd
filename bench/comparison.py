"""From runs to figures: what is compared with what, and the goals."""

from __future__ import annotations

from bench.figures import NSPAWN, Figure, Goal, Notebook
from bench.storage import ON_MACHINES, ON_NSPAWN, WAYS

CRM_MON_FACTOR = 1.5
STATUS_YARDSTICK = "1.5 × `crm_mon -1` + `python3 -IS -c pass`"

GOALS = {
    "configure.first": Goal(limit=45.0),
    "configure.no_change": Goal(limit=2.0),
    "status": Goal(limit=1.0, is_for_ratio=True),
    "configure.no_change.media_20": Goal(limit=2.0, is_for_ratio=True),
    "failover.power_loss": Goal(limit=1.0, is_for_ratio=True),
    "failover.power_loss.token_1000": Goal(limit=1.0, is_for_ratio=True),
    "failover.postgres_killed": Goal(limit=4.0),
    "failover.application_killed": Goal(limit=4.0),
    "switchover": Goal(limit=3.0),
}

# What the article allows for the detection alone: 0.75 x token + token.
ALLOWED_S = {"failover.power_loss": 1.75 * 3.0, "failover.power_loss.token_1000": 1.75 * 1.0}

# Everything else is seconds.
UNITS = dict.fromkeys(("replication.write_throughput", "replication.write_throughput.single"), "/s") | {
    storage.figure(way): "MiB/s" for storage in (*ON_NSPAWN, *ON_MACHINES) for way in WAYS
}
# Everything else is taken on containers.
HOSTS = {storage.figure(way): storage.host for storage in (*ON_NSPAWN, *ON_MACHINES) for way in WAYS}

# Figure: what it is compared with, measured in the same run.
AGAINST = {
    "configure.first": "ansible_and_pcs.first",
    "configure.first.cluster_part": "pcs.cluster",
    "configure.no_change": "ansible.no_change",
    "configure.no_change.site_key": "ansible.no_change",
    "configure.no_change.media_20": "configure.no_change.media_0",
    "configure.no_change.media_20.site_key": "configure.no_change.media_0.site_key",
    "configure.no_change.media_20.processor": "configure.no_change.media_0.processor",
    "replication.write_throughput": "replication.write_throughput.single",
    "configure.no_change.media_20.site_key.processor": "configure.no_change.media_0.site_key.processor",
    **{other.figure(way): ON_MACHINES[0].figure(way) for other in ON_MACHINES[1:] for way in WAYS},
}


def figures_of(notebook: Notebook) -> list[Figure]:
    """One figure for each name, in the order in which they were taken."""
    return [_figure(name, notebook) for name in notebook]


def _figure(name: str, notebook: Notebook) -> Figure:
    against, ratio = _compared(name, notebook)
    return Figure(
        name=name,
        runs=tuple(notebook.runs[name]),
        unit=UNITS.get(name, "s"),
        against=against,
        ratio=ratio,
        goal=GOALS.get(name),
        host=HOSTS.get(name, NSPAWN),
    )


def _compared(name: str, notebook: Notebook) -> tuple[str, float | None]:
    if name == "status":
        yardstick_s = CRM_MON_FACTOR * notebook.median("status.crm_mon") + notebook.median(
            "status.interpreter"
        )
        return STATUS_YARDSTICK, notebook.median(name) / yardstick_s
    if name in ALLOWED_S:
        return "`1.75 × token`", notebook.median(name) / ALLOWED_S[name]
    against = AGAINST.get(name, "")
    if against not in notebook:
        return "", None
    return against, notebook.median(name) / notebook.median(against)
