"""Which application profile a run uses, and what it keeps of it for later ones."""

from __future__ import annotations

from pathlib import Path

from installation import FIRST_RUN, PROFILE, Installation

from live_cluster.errors import ExitCode
from live_cluster.remote.requests import FileState
from recordings.configure.recorded import HEADS


def test_a_profile_that_is_named_is_kept_and_used_from_then_on(site: Installation, tmp_path: Path) -> None:
    named = tmp_path / "other.toml"
    named.write_text(PROFILE.read_text("utf-8") + "# ours\n", "utf-8")
    for server in (site.servers[name] for name in HEADS):
        server.instead["read /etc/live-cluster/profile.toml"] = FileState(exists=False)
    shown = site.run("configure", "--profile", str(named), "--dry-run", "--json", *FIRST_RUN).document
    kept = [one["node"] for one in shown["steps"] if "/etc/live-cluster/profile.toml" in one["title"]]
    assert kept == list(HEADS)

    # From then on without its name; here it lies as on a head that was configured with it, and is unusable.
    site.stored.mkdir(exist_ok=True)
    (site.stored / "profile.toml").write_text("product = 1\n", "utf-8")
    refused = site.run("configure", *FIRST_RUN)
    assert refused.code == ExitCode.USAGE
    assert f"{site.stored}/profile.toml" in refused.err


def test_the_package_s_own_profile_is_not_kept(site: Installation) -> None:
    shown = site.configure("--dry-run", "--json", *FIRST_RUN).document
    assert not [one for one in shown["steps"] if "profile.toml" in one["title"]]
