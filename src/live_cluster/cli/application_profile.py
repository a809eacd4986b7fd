"""Which application profile counts: the one that is named, the one that an earlier run has kept, the package's."""

from __future__ import annotations

from pathlib import Path

from live_cluster.errors import Problem, problem
from live_cluster.model.profile import DEFAULT_PROFILE, Profile, ProfileError, load_profile

# `configure` keeps a profile here, on both heads, so that later runs and other verbs need not name it again.
KEPT_PROFILE = Path("/etc/live-cluster/profile.toml")


def usable_profile(named: Path | None) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile, or what is wrong with it."""
    try:
        return load_profile(_place(named)), ()
    except ProfileError as error:
        return None, tuple(
            problem("profile-unusable", option="profile", path=error.path, reason=reason)
            for reason in error.problems
        )


def has_filestorage(profile: Profile | None) -> bool:
    """Of a profile that is unusable nothing is known: then nobody is told to leave a file storage out."""
    return profile is None or profile.filestorage is not None


def text_to_keep(named: Path | None) -> str:
    """What both heads keep of the profile that counts; empty for the package's own, which follows the package.

    The profile was read before, so this is readable, too.
    """
    place = _place(named)
    if place == DEFAULT_PROFILE and not KEPT_PROFILE.exists():
        return ""
    return place.read_text("utf-8")


def _place(named: Path | None) -> Path:
    if named is not None:
        return named
    return KEPT_PROFILE if KEPT_PROFILE.exists() else DEFAULT_PROFILE
