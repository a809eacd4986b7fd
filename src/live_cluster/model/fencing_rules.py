"""What can be said about a fencing device without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from live_cluster.errors import Problem, problem
from live_cluster.model.fencing import DeviceText
from live_cluster.model.raw_settings import shown

# What Pacemaker does with a device (pacemaker-fenced(7)) and may be set for one; which host it is for, we say.
_PACEMAKER = re.compile(
    r"pcmk_(?:delay_base|delay_max|action_limit|host_argument"
    r"|(?:reboot|off|on|list|monitor|status)_(?:action|timeout|retries))"
)
_PACEMAKER_PREFIX = "pcmk_"
# The agent is asked to do something each time anew, and reports to Pacemaker, not to a file or a terminal.
_OURS = frozenset({"action", "option", "help", "version", "nodename"})


def word_problems(option: str, device: DeviceText) -> Iterator[Problem]:
    """All that is wrong with the words by themselves; what the agent knows is judged on the servers."""
    seen: set[str] = set()
    for word in device.words:
        name, equals, value = word.partition("=")
        place = {"option": option, "parameter": shown(name)}
        if not equals or not name:
            yield problem("fencing-no-pair", option=option, word=shown(word))
        elif is_password(name):
            yield problem("fencing-password-inside", **place)
        elif name in _OURS or (name.startswith(_PACEMAKER_PREFIX) and not _PACEMAKER.fullmatch(name)):
            yield problem("fencing-parameter-ours", **place)
        elif name in seen:
            yield problem("fencing-parameter-twice", **place)
        elif not value:
            yield problem("fencing-value-empty", **place)
        seen.add(name)


def is_password(name: str) -> bool:
    """Parameters that hold a password; those that name a script or a file with one do not."""
    return bool(re.search(r"passw(?:or)?d$|passphrase$|secret$", name))


def is_for_pacemaker(name: str) -> bool:
    """Parameters that Pacemaker takes itself and the agent never sees."""
    return name.startswith(_PACEMAKER_PREFIX)
