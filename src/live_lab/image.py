"""Images: a Debian tree per release, and thin layers on top. Built once, named by content, never half."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from live_lab.debs import latest_deb, packages_for
from live_lab.image_cache import BUILD_DEADLINE_S, CLEAN, CONFINED, Announce, built, remove_unmounted, unpack
from live_lab.machine_kernel import default_kernel, kernel_tree, modules_of
from live_lab.places import cache_root
from live_lab.process import run
from live_lab.recipe import (
    ASSETS,
    FINISH,
    MACHINE_PACKAGES,
    NAS_PACKAGES,
    RELEASES,
    SECOND_DATABASE,
    Recipe,
    asset_files,
    digest,
    install_packages,
    machine_files,
    machine_script,
)
from live_lab.topology import HostPlan, Role

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
LAYERS_KEPT = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageWish:
    """What the hosts of a lab start from.

    `extras` are more Debian packages on heads and client, `client_extras` on the client alone.
    `has_application`: with the product comes the reference application. `kernel`: the release whose kernel virtual
    machines run, and have the modules of on their disks.
    """

    release: str = "bookworm"
    has_product: bool = True
    has_application: bool = True
    extras: tuple[str, ...] = ()
    client_extras: tuple[str, ...] = ()
    kernel: str = field(default_factory=default_kernel)

    def extras_for(self, role: Role) -> tuple[str, ...]:
        """What a host of this role has beyond the recipe."""
        if role is Role.NAS:
            return NAS_PACKAGES
        more = self.client_extras if role is Role.CLIENT else ()
        return () if role is Role.MEDIA else (*self.extras, *more)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Whatever the script changes, when run in the tree of the lower layers with the files in /mnt.

    Of directories only the name counts: where their content may change, the script tells of it.
    """

    what: str
    script: str
    files: tuple[Path, ...] = ()


def layers_for(host: HostPlan, wish: ImageWish, announce: Announce) -> tuple[Path, ...]:
    """Read-only trees of this host, the uppermost first; builds what is missing."""
    is_media = host.role in (Role.MEDIA, Role.NAS)
    base = _base(Recipe(release=wish.release, is_media=is_media), announce)
    layers: tuple[Path, ...] = (base,)
    if extras := (*(MACHINE_PACKAGES if host.is_machine else ()), *wish.extras_for(host.role)):
        layers = (_layered(layers, _extra_packages(extras), announce), *layers)
    if host.is_machine:
        modules = modules_of(kernel_tree(wish.kernel, announce))
        machine = _Layer(
            what="kernel modules", script=machine_script(modules.name), files=machine_files(modules)
        )
        layers = (_layered(layers, machine, announce), *layers)
    if wish.has_product:
        # Every package in a layer of its own: the big one is installed once for all roles.
        for package in packages_for(host.role, with_application=wish.has_application):
            layers = (_layered(layers, _package(latest_deb(wish.release, package)), announce), *layers)
    if host.name == "ivcs-main-2":
        second = _Layer(what="the database cluster of the second head", script=SECOND_DATABASE)
        layers = (_layered((base,), second, announce), *layers)
    return layers


def _base(recipe: Recipe, announce: Announce) -> Path:
    """Root tree of the release, with everything from the recipe."""

    def build(partial: Path) -> None:
        announce(f"Building the image {recipe.name}; takes a minute or two")
        tree = unpack(partial, recipe.release, variant="minbase", packages=recipe.packages)
        for asset in asset_files():
            target = tree / asset.relative_to(ASSETS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(asset, target)
            target.chmod(0o755 if target.parent.name in {"bin", "sbin"} else 0o644)
        run((*CONFINED, "chroot", str(tree), *CLEAN, "/bin/sh"), stdin=FINISH)

    return built(recipe.name, build)


def _package(deb: Path) -> _Layer:
    # The image has no package lists: like the closed-off servers of the field, it gets nothing from elsewhere.
    script = f"set -eu\napt-get install --yes --no-install-recommends /mnt/{deb.name}"
    return _Layer(what=deb.name, script=script, files=(deb,))


def _extra_packages(packages: tuple[str, ...]) -> _Layer:
    return _Layer(
        what=" ".join(packages), script=install_packages(packages), files=(Path("/etc/resolv.conf"),)
    )


def _layered(lowers: tuple[Path, ...], layer: _Layer, announce: Announce) -> Path:
    content = [layer.script.encode(), *(str(lower).encode() for lower in lowers)]
    for file in layer.files:
        content += [file.name.encode(), file.read_bytes() if file.is_file() else b""]

    def build(partial: Path) -> None:
        announce(f"Building an image layer: {layer.what}")
        for name in ("tree", "work", "root", "files"):
            (partial / name).mkdir()
        for file in layer.files:
            copy = shutil.copyfile if file.is_file() else shutil.copytree
            copy(file, partial / "files" / file.name)
        lower_option = ":".join(str(lower) for lower in lowers)
        shell = ("sh", "-c", _IN_LAYER, "layer", lower_option, str(partial), str(partial / "files"), *CLEAN)
        run((*CONFINED, *shell), stdin=layer.script, timeout_s=BUILD_DEADLINE_S)
        for name in ("work", "root", "files"):
            shutil.rmtree(partial / name)

    return built(f"layer-{digest(*content)}", build)


def prune_layers(announce: Announce) -> None:
    """Removes all layers but those used last; never what a lab has mounted."""
    layers = [path for path in cache_root().glob("layer-*") if path.is_dir() and path.suffix != ".partial"]
    layers.sort(key=lambda path: (cache_root() / f"{path.name}.lock").stat().st_mtime, reverse=True)
    remove_unmounted(layers[LAYERS_KEPT:], announce)


def prune_bases(announce: Announce) -> None:
    """Removes the trees of older recipes; a gigabyte each."""
    current = {
        Recipe(release=release, is_media=is_media).name for release in RELEASES for is_media in (False, True)
    }
    patterns = (f"{kind}{release}-*" for kind in ("", "media-") for release in RELEASES)
    bases = [path for pattern in patterns for path in cache_root().glob(pattern) if path.is_dir()]
    remove_unmounted(
        [path for path in bases if path.suffix != ".partial" and path.name not in current], announce
    )
