"""Images: a Debian tree per release, and thin layers on top of it. Built once, named by content, never half."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from live_lab.debs import debs_of, packages_for
from live_lab.errors import LabError
from live_lab.mounts import mounts_below, remove_tree
from live_lab.places import cache_root
from live_lab.process import run
from live_lab.recipe import ASSETS, FINISH, PACKAGES, SECOND_DATABASE, Recipe, asset_files, digest
from live_lab.state import lock
from live_lab.topology import HostPlan, Role

# Everything dies with us, mounts included: a killed build leaves only files, which the next build removes.
_CONFINED = (
    "setpriv", "--pdeathsig", "KILL",
    "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
)  # fmt: skip
_CLEAN = (
    "env",
    "-i",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "DEBIAN_FRONTEND=noninteractive",
)

# Arguments: lower directories, directory of the layer, directory shown as /mnt. The script comes on stdin.
_IN_LAYER = """
set -eu
root=$2/root
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/tree,workdir=$2/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount --bind "$3" "$root/mnt"
cat >"$root/run/layer-script"
shift 3
exec chroot "$root" "$@" /bin/sh /run/layer-script
"""
BUILD_DEADLINE_S = 1800.0
LAYERS_KEPT = 8


def _never(_: str) -> None:
    """Default announcer."""


def layers_for(
    host: HostPlan, base: Path, *, has_product: bool, announce: Callable[[str], None] = _never
) -> tuple[Path, ...]:
    """Read-only trees of this host, the uppermost first; builds what is missing."""
    layers: tuple[Path, ...] = (base,)
    if host.name == "ivcs-main-2":
        layers = (_layer(layers, SECOND_DATABASE, announce=announce, what="second database"), *layers)
    if has_product and host.role is not Role.CLIENT:
        layers = (_product_layer(base, host.role, announce), *layers)
    return layers


def base_image(release: str, announce: Callable[[str], None] = _never) -> Path:
    """Root tree of the release, with everything from the recipe."""
    recipe = Recipe(release=release)

    def build(partial: Path) -> None:
        announce(
            f"Building the {release} image: {len(PACKAGES)} packages and what they need; a minute or two"
        )
        tree = partial / "tree"
        sources = _machine_sources(release)
        options = partial / "apt.conf"
        options.write_text(_machine_apt_options())
        command = (
            "mmdebstrap", "--mode=root", "--variant=minbase", f"--aptopt={options}", f"--include={','.join(PACKAGES)}",
            release, str(tree), "-",
        )  # fmt: skip
        run((*_CONFINED, *_CLEAN, *command), stdin=sources, timeout_s=BUILD_DEADLINE_S)
        for asset in asset_files():
            target = tree / asset.relative_to(ASSETS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(asset, target)
            target.chmod(0o755 if target.parent.name in {"bin", "sbin"} else 0o644)
        run((*_CONFINED, "chroot", str(tree), *_CLEAN, "/bin/sh"), stdin=FINISH)

    return _built(f"{release}-{recipe.key}", build)


def _product_layer(base: Path, role: Role, announce: Callable[[str], None]) -> Path:
    release = base.parent.name.partition("-")[0]
    debs = debs_of(release, packages_for(role))
    script = "set -eu\napt-get install --yes --no-install-recommends --no-download " + " ".join(
        f"/mnt/{deb.name}" for deb in debs
    )
    names = ", ".join(deb.name for deb in debs)
    return _layer((base,), script, files=debs, announce=announce, what=f"product ({names})")


def extra_layer(base: Path, packages: Sequence[str], announce: Callable[[str], None] = _never) -> Path:
    """More Debian packages on top, for comparisons; installed with their recommendations left out."""
    script = (
        "set -eu\ncp /mnt/resolv.conf /etc/resolv.conf\napt-get update\n"
        f"apt-get install --yes --no-install-recommends {' '.join(packages)}\n"
        "rm -rf /etc/resolv.conf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb"
    )
    return _layer(
        (base,), script, files=(Path("/etc/resolv.conf"),), announce=announce, what=" ".join(packages)
    )


def _layer(
    lowers: tuple[Path, ...],
    script: str,
    *,
    files: Sequence[Path] = (),
    announce: Callable[[str], None],
    what: str,
) -> Path:
    """Whatever the script changes, when run in the tree of the lower layers with the files in /mnt."""
    content = [script.encode(), *(str(lower).encode() for lower in lowers)]
    for file in files:
        content += [file.name.encode(), file.read_bytes()]

    def build(partial: Path) -> None:
        announce(f"Building an image layer: {what}")
        for name in ("tree", "work", "root", "files"):
            (partial / name).mkdir()
        for file in files:
            shutil.copyfile(file, partial / "files" / file.name)
        lower_option = ":".join(str(lower) for lower in lowers)
        shell = ("sh", "-c", _IN_LAYER, "layer", lower_option, str(partial), str(partial / "files"), *_CLEAN)
        run((*_CONFINED, *shell), stdin=script, timeout_s=BUILD_DEADLINE_S)
        for name in ("work", "root", "files"):
            shutil.rmtree(partial / name)

    return _built(f"layer-{digest(*content)}", build)


def _built(name: str, build: Callable[[Path], None]) -> Path:
    """The tree of this name from the cache; made under another name first, so that it is whole or absent."""
    cache = cache_root()
    finished, partial = cache / name, cache / f"{name}.partial"
    if not finished.is_dir():
        with lock(cache / f"{name}.lock", what=f"image {name}", deadline_s=BUILD_DEADLINE_S):
            if not finished.is_dir():
                remove_tree(partial)
                partial.mkdir(parents=True)
                build(partial)
                partial.rename(finished)
    (cache / f"{name}.lock").touch()
    return finished / "tree"


def _machine_sources(release: str) -> str:
    """The package sources of this machine, for the wanted release: mirrors are the machine's affair."""
    fields = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    listing = run(("apt-get", "indextargets", "--format", fields, "Created-By: Packages")).stdout
    own = run(("sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"')).stdout.strip()
    wanted = {own: release, f"{own}-updates": f"{release}-updates", f"{own}-security": f"{release}-security"}
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    lines = []
    for line in listing.splitlines():
        uri, codename, component = line.split(maxsplit=2)
        if codename in wanted and component == "main":
            lines.append(f"deb [signed-by={keyring}] {uri} {wanted[codename]} main")
    if not any(line.endswith(f" {release} main") for line in lines):
        raise LabError(
            f"apt on this machine knows no Debian source of {own}/main; check it, then run: apt-get update"
        )
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _machine_apt_options() -> str:
    """How this machine fetches (proxies, validity checks), without what belongs to single indexes."""
    dump = run(("apt-config", "dump", "Acquire")).stdout.splitlines()
    left_out = ("Acquire::IndexTargets", "Acquire::Changelogs", "Acquire::CompressionTypes")
    return "\n".join(line for line in dump if not line.startswith(left_out)) + "\n"


def prune(announce: Callable[[str], None] = _never) -> None:
    """Removes layers that no lab has mounted, but for those used last."""
    cache = cache_root()
    options = Path("/proc/self/mountinfo").read_text()
    layers = [path for path in cache.glob("layer-*") if path.is_dir() and not path.name.endswith(".partial")]
    layers.sort(key=lambda path: (cache / f"{path.name}.lock").stat().st_mtime, reverse=True)
    for path in layers[LAYERS_KEPT:]:
        if str(path) not in options and not mounts_below(path):
            announce(f"Removing an old image layer: {path.name}")
            shutil.rmtree(path)
