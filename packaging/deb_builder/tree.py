"""The files of one package while it is put together."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".*")


class Tree:
    """A directory that becomes the root of a package; paths are given as they are on the server."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._configuration: list[str] = []

    def add(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Writes one file; upgrades ask before they overwrite what stands under /etc."""
        target = self._target(path)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)
        if path.startswith("/etc/"):
            self._configuration.append(path)

    def copy(self, source: Path, path: str, mode: int = 0o644) -> None:
        """Copies one file."""
        self.add(path, source.read_bytes(), mode)

    def copy_directory(self, source: Path, path: str) -> None:
        """Copies a directory without bytecode and hidden files."""
        shutil.copytree(source, self._target(path), ignore=IGNORED, symlinks=True, dirs_exist_ok=True)

    def link(self, path: str, destination: str) -> None:
        """Makes a symbolic link."""
        self._target(path).symlink_to(destination)

    def directory(self, path: str) -> None:
        """Makes an empty directory."""
        (self.root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def finish(self, seconds: int) -> None:
        """Writes the checksums and the list of configuration files, then sets every mode and time."""
        sums = [
            f"{_md5(file)}  {file.relative_to(self.root)}\n"
            for file in sorted(self.root.rglob("*"))
            if file.is_file() and not file.is_symlink() and file.relative_to(self.root).parts[0] != "DEBIAN"
        ]
        self.add("/DEBIAN/md5sums", "".join(sums))
        if self._configuration:
            self.add("/DEBIAN/conffiles", "".join(f"{path}\n" for path in sorted(self._configuration)))
        for file in (self.root, *self.root.rglob("*")):
            if not file.is_symlink():
                file.chmod(0o755 if file.is_dir() or file.stat().st_mode & 0o100 else 0o644)
            os.utime(file, (seconds, seconds), follow_symlinks=False)

    def installed_kib(self) -> int:
        """Disk space of the installed files in KiB, as the field Installed-Size wants it."""
        sizes = [file.lstat().st_size for file in self.root.rglob("*") if file.is_file()]
        return sum((size + 1023) // 1024 for size in sizes)

    def _target(self, path: str) -> Path:
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def _md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
