"""Where this machine gets its packages from, told to the tool that builds images: mirrors are its own affair."""

from __future__ import annotations

import platform

from live_lab.errors import LabError
from live_lab.process import run

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def sources_for(release: str) -> str:
    """Lines of sources.list for the release, from the mirrors of this machine's own release."""
    own = platform.freedesktop_os_release()["VERSION_CODENAME"]
    lines = _lines(own, release)
    if not lines:
        run(("apt-get", "update"), timeout_s=600)
        lines = _lines(own, release)
    if not lines:
        raise LabError(f"apt on this machine has no source of Debian {own}/main; the image is made from that")
    return "\n".join(lines) + "\n"


def _lines(own: str, release: str) -> list[str]:
    """None where apt knows no code names: that is before its first update."""
    fields = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    listing = run(("apt-get", "indextargets", "--format", fields, "Created-By: Packages")).stdout
    suites = {f"{own}{part}": f"{release}{part}" for part in ("", "-updates", "-security")}
    lines = []
    for line in listing.splitlines():
        uri, codename, component = line.split(maxsplit=2)
        if codename in suites and component == "main":
            lines.append(f"deb [signed-by={_KEYRING}] {uri} {suites[codename]} main")
    return list(dict.fromkeys(lines))


def apt_options() -> str:
    """How this machine fetches (proxies, validity checks), without what belongs to single indexes."""
    dump = run(("apt-config", "dump", "Acquire")).stdout.splitlines()
    left_out = ("Acquire::IndexTargets", "Acquire::Changelogs", "Acquire::CompressionTypes")
    return "\n".join(line for line in dump if not line.startswith(left_out)) + "\n"
