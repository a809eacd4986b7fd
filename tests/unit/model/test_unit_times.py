"""How long a unit may take, from what systemd shows and what its files say."""

from __future__ import annotations

import pytest

from live_cluster.model.unit_times import BOUND_S, Setter, is_of, seconds_of, unit_times

DEFAULTS = "DefaultTimeoutStartUSec=1min 30s\nDefaultTimeoutStopUSec=1min 10s\n"
# As systemd 252 shows them.
SHOWN = """\
TimeoutStartUSec=1min 30s
TimeoutStopUSec=5s
ExecStop={ path=/sbin/start-stop-daemon ; argv[]=/sbin/start-stop-daemon --retry QUIT/5 ; pid=0 ; status=0/0 }
LoadState=loaded
"""
FRAGMENT = """\
# /lib/systemd/system/nginx.service
[Service]
TimeoutStopSec=5
"""
OURS = """\

# /etc/systemd/system/nginx.service.d/50-live-cluster.conf
# Written by live-cluster.
[Service]
TimeoutStopSec=4s
"""
OVERRIDE = """\

# /etc/systemd/system/nginx.service.d/override.conf
[Service]
TimeoutStopSec=120
"""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4s", 4), ("90", 90), ("1min 30s", 90), ("2h", 7200), ("500ms", 0.5), ("1.5s", 1.5), ("1min30", 90),
        ("infinity", BOUND_S), ("0", BOUND_S), ("30min", 1800), ("who knows", BOUND_S),
    ],
)  # fmt: skip
def test_time_spans(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


def test_each_command_and_the_signal_have_the_whole_time() -> None:
    found = unit_times("nginx", shown=SHOWN, files=FRAGMENT, defaults=DEFAULTS)
    assert (found.stop_s, found.stop_phases) == (5, 2)
    assert (found.start_s, found.start_phases) == (90, 1)
    posts = (
        SHOWN
        + "ExecStopPost={ path=/bin/true }\nExecStartPre={ path=/bin/a }\nExecStartPre={ path=/bin/b }\n"
    )
    more = unit_times("nginx", shown=posts, files=FRAGMENT, defaults=DEFAULTS)
    assert (more.stop_phases, more.start_phases) == (4, 3)


def test_what_we_have_set_ourselves_is_not_the_units_own() -> None:
    shown = SHOWN.replace("StopUSec=5s", "StopUSec=4s")
    assert unit_times("nginx", shown=shown, files=FRAGMENT + OURS, defaults=DEFAULTS).stop_s == 5
    bare = FRAGMENT.replace("TimeoutStopSec=5\n", "")
    assert unit_times("nginx", shown=shown, files=bare + OURS, defaults=DEFAULTS).stop_s == 70
    both = FRAGMENT.replace("TimeoutStopSec=5", "TimeoutSec=7")
    assert unit_times("nginx", shown=shown, files=both + OURS, defaults=DEFAULTS).stop_s == 7


def test_a_file_that_wins_over_ours_is_named() -> None:
    found = unit_times("nginx", shown=SHOWN, files=FRAGMENT + OURS + OVERRIDE, defaults=DEFAULTS)
    path = "/etc/systemd/system/nginx.service.d/override.conf"
    assert found.later == (Setter(path=path, key="TimeoutStopSec"),)
    assert is_of(found.later[0], "Stop")
    assert not is_of(found.later[0], "Start")
    # It counts as the unit's own, for it is the administrator's.
    assert found.stop_s == 120
    early = OVERRIDE.replace("override.conf", "10-early.conf")
    assert unit_times("nginx", shown=SHOWN, files=FRAGMENT + early, defaults=DEFAULTS).later == ()


def test_a_unit_that_is_not_there() -> None:
    shown = "LoadState=not-found\nTimeoutStopUSec=1min 30s\n"
    assert not unit_times("zabbix-sever", shown=shown, files="", defaults=DEFAULTS).exists
