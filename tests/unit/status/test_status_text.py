"""What people read: the article's layout word for word, our lines below it, both languages, colours."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from live_cluster.cli.fencing_text import fencing_lines
from live_cluster.cli.output import Output
from live_cluster.cli.status_text import article_lines, our_lines
from live_cluster.model.cluster_view import ClusterView, Instance, Role
from live_cluster.model.health import Observation, judge
from live_cluster.model.replication import Mode, Replication, replication_of
from live_cluster.model.watchdog_view import Watchdog
from live_cluster.probes.membership import parse_links, parse_quorum
from live_cluster.probes.pacemaker import parse_crm_mon
from live_cluster.probes.replication import parse_replication
from recordings.recorded_server import RELEASES, recording

GOLDEN = Path(__file__).parent / "golden"
SITUATIONS = [
    "healthy-primary",
    "healthy-standby",
    "maintenance",
    "node-standby",
    "banned",
    "failed-action",
    "link-down",
    "node-offline",
    "stopped",
    "fenced",
]

# The listing in the vendor's article, with the nodes of our recording.
ARTICLE = """\
2 nodes configured
14 resources configured

Online: [ ivcs-main-1 ivcs-main-2 ]

Full list of resources:

Resource Group: db-group
db-ip (ocf::heartbeat:IPaddr2): Started PRIMARY
Resource Group: filestorage-group
filestorage-fs (ocf::heartbeat:Filesystem): Started PRIMARY
filestorage-ip (ocf::heartbeat:IPaddr2): Started PRIMARY
samba (systemd:smbd): Started PRIMARY
Resource Group: ivcs-server-group
ivcs-server-ip (ocf::heartbeat:IPaddr2): Started PRIMARY
ivcs-server (systemd:ivcs-server): Started PRIMARY
opensips (systemd:opensips): Started PRIMARY
gnugk (systemd:gnugk): Started PRIMARY
Master/Slave Set: ivcs-db-ms [ivcs-db]
Masters: [ PRIMARY ]
Slaves: [ STANDBY ]
Clone Set: diskspace-clone [diskspace]
Started: [ ivcs-main-1 ivcs-main-2 ]
Clone Set: monitor-clone [monitor]
Started: [ ivcs-main-1 ivcs-main-2 ]"""


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def output(language: str = "en", *, terminal: bool = False) -> Output:
    stream = Terminal() if terminal else io.StringIO()
    return Output(out=stream, err=stream, environment={"LANG": f"{language}.UTF-8", "TERM": "xterm"})


def seen(situation: str, release: str = "bookworm") -> Observation:
    def answer(name: str) -> str:
        return recording(situation, release=release, name=name)

    view = parse_crm_mon(answer("crm_mon.xml"))
    local = parse_replication(answer("database.txt"))
    return Observation(
        view=view,
        replication=replication_of(view, local),
        quorum=parse_quorum(answer("quorum.txt")),
        links=parse_links(answer("links.txt")),
    )


def shown(what: Observation, words: Output) -> str:
    return "\n".join((*article_lines(what.view, words), "", *our_lines(what, judge(what), words))) + "\n"


@pytest.mark.parametrize("release", RELEASES)
def test_the_listing_is_the_articles(release: str) -> None:
    view = seen("healthy-primary", release).view
    (standby,) = [node.name for node in view.nodes if node.name != view.primary]
    lines = [" ".join(line.split()) for line in article_lines(view, output())]
    head, rest = lines[:5], lines[5:]
    assert [line.partition(":")[0] for line in head] == [
        "Stack",
        "Current DC",
        "Last updated",
        "Last change",
        "",
    ]
    assert head[0] == "Stack: corosync"
    assert head[1].endswith(" - partition with quorum")
    assert " by " in head[3]
    assert " via " in head[3]
    assert " on ivcs-main-" in head[3]
    assert "\n".join(rest) == ARTICLE.replace("PRIMARY", view.primary).replace("STANDBY", standby)


def test_the_order_is_the_articles_whatever_has_priority() -> None:
    view = seen("healthy-primary").view
    by_priority = sorted(view.sets, key=lambda one: one is not view.database)
    assert by_priority[0] is view.database
    shuffled = view._replace(sets=tuple(by_priority))
    assert list(article_lines(shuffled, output())) == list(article_lines(view, output()))


def test_the_articles_words_are_the_same_in_every_language() -> None:
    view = seen("node-standby").view
    assert list(article_lines(view, output("ru"))) == list(article_lines(view, output("en")))


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_text_of_every_situation(situation: str, language: str) -> None:
    """UPDATE_GOLDEN=1 writes the texts anew; read the difference before committing it."""
    golden = GOLDEN / f"{situation}.{language}.txt"
    text = shown(seen(situation), output(language))
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_no_colours_into_a_file_and_some_on_a_terminal() -> None:
    assert "\x1b" not in shown(seen("node-offline"), output())
    assert "\x1b[31mOFFLINE: [ " in shown(seen("node-offline"), output(terminal=True))
    assert "\x1b[32mThe pair can lose" in shown(seen("healthy-primary"), output(terminal=True))


def changed(change: dict[str, object], resource: str) -> ClusterView:
    """The healthy view with one resource's instances changed."""

    def apply(one: Instance) -> Instance:
        return one._replace(**change) if one.id == resource else one

    view = seen("healthy-primary").view
    sets = tuple(
        group._replace(instances=tuple(apply(one) for one in group.instances)) for group in view.sets
    )
    return view._replace(sets=sets)


@pytest.mark.parametrize(
    ("resource", "change", "line"),
    [
        ("gnugk", {"failed": True}, "gnugk (systemd:gnugk): FAILED PRIMARY"),
        ("gnugk", {"failed": True, "blocked": True}, "gnugk (systemd:gnugk): FAILED PRIMARY (blocked)"),
        ("gnugk", {"managed": False}, "gnugk (systemd:gnugk): Started PRIMARY (unmanaged)"),
        ("gnugk", {"role": Role.STARTING}, "gnugk (systemd:gnugk): Starting PRIMARY"),
        ("monitor", {"role": Role.STOPPING}, "monitor (ocf::pacemaker:ping): Stopping ivcs-main-1"),
        (
            "gnugk",
            {"role": Role.STOPPED, "active": False, "nodes": (), "target_role": "Stopped"},
            "gnugk (systemd:gnugk): Stopped (disabled)",
        ),
    ],
)
def test_unusual_states_are_shown_as_crm_mon_does(
    resource: str, change: dict[str, object], line: str
) -> None:
    view = changed(change, resource)
    lines = [" ".join(one.split()) for one in article_lines(view, output())]
    assert line.replace("PRIMARY", seen("healthy-primary").view.primary) in lines


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"standby": True}, "Node ivcs-main-1: standby"),
        ({"standby": True, "online": False}, "Node ivcs-main-1: OFFLINE (standby)"),
        ({"maintenance": True}, "Node ivcs-main-1: maintenance"),
        ({"pending": True}, "Node ivcs-main-1: pending"),
        ({"unclean": True, "online": False}, "Node ivcs-main-1: UNCLEAN (offline)"),
        ({"unclean": True}, "Node ivcs-main-1: UNCLEAN (online)"),
        ({"online": False}, "OFFLINE: [ ivcs-main-1 ]"),
    ],
)
def test_states_of_a_node(change: dict[str, object], line: str) -> None:
    view = seen("healthy-primary").view
    nodes = (view.nodes[0]._replace(**change), *view.nodes[1:])
    lines = list(article_lines(view._replace(nodes=nodes), output()))
    assert line in lines
    assert "Online: [ ivcs-main-2 ]" in lines


def test_a_cluster_without_a_coordinator() -> None:
    view = seen("healthy-primary").view._replace(dc="", with_quorum=False)
    assert "Current DC: NONE" in list(article_lines(view, output()))
    without = seen("healthy-primary").view._replace(with_quorum=False)
    assert any(line.endswith("partition WITHOUT quorum") for line in article_lines(without, output()))


@pytest.mark.parametrize(
    ("replication", "line"),
    [
        (Replication(mode=Mode.NONE), "Replication: none, there is no primary"),
        (
            Replication(mode=Mode.NONE, primary="a", standby="b"),
            "Replication: none, primary a, no standby follows",
        ),
        (
            Replication(
                mode=Mode.ASYNCHRONOUS, primary="a", standby="b", standby_state="streaming", lag_bytes=7
            ),
            "Replication: asynchronous, primary a, standby b (streaming), lag 7 bytes",
        ),
        (
            Replication(mode=Mode.SYNCHRONOUS, primary="a", standby="b"),
            "Replication: synchronous, primary a, standby b (?), lag unknown here",
        ),
    ],
)
def test_replication_in_one_line(replication: Replication, line: str) -> None:
    what = seen("healthy-primary")._replace(replication=replication)
    assert line in shown(what, output()).splitlines()


@pytest.mark.parametrize(
    ("watchdog", "line"),
    [
        (
            Watchdog("/dev/watchdog", armed=True),
            "Fencing by watchdog: /dev/watchdog is armed on this server; the arbiter decides",
        ),
        (
            Watchdog("/dev/watchdog1", "/dev/lun"),
            (
                "Fencing by watchdog: /dev/watchdog1 is NOT ARMED on this server; messages go over /dev/lun:"
                " sbd does not run"
            ),
        ),
    ],
)
def test_the_kind_of_fencing_and_whether_it_works_is_said(watchdog: Watchdog, line: str) -> None:
    out = io.StringIO()
    output = Output(out=out, err=io.StringIO(), environment={"LANG": "C"})
    view = parse_crm_mon(recording("healthy-primary"))._replace(fencing_enabled=True)
    seen = Observation(view=view, replication=replication_of(view, None), watchdog=watchdog)
    told = list(fencing_lines(seen, output))
    assert told == [line]
    without = Observation(view=view, replication=replication_of(view, None))
    assert list(fencing_lines(without, output)) == ["Fencing: switched on, but there is no device"]
