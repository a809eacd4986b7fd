"""From a tree of files and its control data to one reproducible .deb."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deb_builder.process import run
from deb_builder.source import SOURCE, build_time
from deb_builder.tree import Tree

MAINTAINER = "live-cluster developers <live-cluster@localhost>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Everything a .deb consists of; `fill` writes its files."""

    name: str
    version: str
    architecture: str
    depends: tuple[str, ...]
    summary: str
    description: str
    fill: Callable[[Tree], None]
    scripts: dict[str, str] = field(default_factory=dict)
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()

    def build(self, folder: Path) -> Path:
        """Writes the package into the folder: equal sources make equal bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{self.name}_{self.version}_{self.architecture}.deb"
        with tempfile.TemporaryDirectory(prefix="live-cluster-deb-") as work:
            tree = Tree(Path(work, "tree"))
            tree.root.mkdir()
            self.fill(tree)
            tree.add("/DEBIAN/control", self.control(tree.installed_kib()))
            for script, text in self.scripts.items():
                tree.add(f"/DEBIAN/{script}", text, 0o755)
            tree.finish(build_time())
            built = Path(work, target.name)
            # zstd at level 9 takes 0.6 s where xz takes 10.7 s, for 13.2 instead of 11.0 MB.
            run(
                "dpkg-deb",
                "-Zzstd",
                "-z9",
                "--root-owner-group",
                "--build",
                str(tree.root),
                str(built),
                environment={"SOURCE_DATE_EPOCH": str(build_time())},
            )
            unfinished = target.with_suffix(".new")
            unfinished.write_bytes(built.read_bytes())
            unfinished.replace(target)
        return target

    def control(self, installed_kib: int) -> str:
        """Text of the control file."""
        fields = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": self.architecture,
            "Maintainer": MAINTAINER,
            "Installed-Size": str(installed_kib),
            "Depends": ", ".join(self.depends),
            **({"Recommends": ", ".join(self.recommends)} if self.recommends else {}),
            **({"Suggests": ", ".join(self.suggests)} if self.suggests else {}),
            "Section": "admin",
            "Priority": "optional",
            "Description": self.summary + "".join(f"\n {line}" for line in self.description.splitlines()),
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


def scripts(package: str) -> dict[str, str]:
    """What dpkg runs on the server after the package is unpacked and before it is removed."""
    folder = SOURCE / "packaging" / package
    return {name: (folder / name).read_text("utf-8") for name in ("postinst", "prerm")}
