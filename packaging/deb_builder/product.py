"""The package `live-cluster`: the commands, the database's resource agent, and every library they need."""

from __future__ import annotations

import shutil

from deb_builder.bundle import bundled_libraries
from deb_builder.deb import Package, scripts
from deb_builder.releases import Release
from deb_builder.source import SOURCE, version
from deb_builder.tree import Tree

CODE = "/usr/lib/live-cluster"
DOCUMENTS = "/usr/share/doc/live-cluster"
DEPENDS = (
    "corosync",
    "corosync-qdevice",
    "libnss3-tools",
    "pacemaker",
    "pacemaker-cli-utils",
    "resource-agents",
    "postgresql",
    "samba",
    "openssh-server",
    "iproute2",
    "iputils-ping",
    "iputils-arping",
    "e2fsprogs",
    "kmod",
    "psmisc",
    "procps",
    "iptables",
)

# Only where fencing is wanted; `configure` names them when they are missing.
RECOMMENDS = ("fence-agents", "ipmitool")

# -I and -S: neither the environment nor packages of the machine reach these programs, and the interpreter
# starts without looking through site-packages.
LAUNCHER = """\
#!/usr/bin/python3 -IS
import sys

sys.path.insert(0, "{path}")

from {module} import main

sys.exit(main())
"""


def product_package(release: Release) -> Package:
    """The product for one release; self-contained but for Debian's own packages."""
    python = (f"python3 (>= {release.python})", f"python3 (<< {release.next_python})")
    return Package(
        name="live-cluster",
        version=version() + release.version_suffix,
        architecture="amd64",
        depends=(*python, *DEPENDS),
        recommends=RECOMMENDS,
        summary="high-availability pair of head servers with one command",
        description=DESCRIPTION,
        fill=lambda tree: _fill(tree, release),
        scripts=scripts("live-cluster"),
    )


DESCRIPTION = """\
live-cluster turns two freshly installed head servers into an active/standby
pair on Corosync, Pacemaker and PostgreSQL's streaming replication, and keeps
it one. live-configure opens the servers for it, for one hour.
The Python libraries it needs are inside."""


def _fill(tree: Tree, release: Release) -> None:
    libraries = bundled_libraries(release)
    tree.copy_directory(libraries, CODE)
    _move_notices(tree)
    tree.copy_directory(SOURCE / "src/live_cluster", f"{CODE}/live_cluster")
    # `--version` asks importlib.metadata.
    metadata = f"Metadata-Version: 2.1\nName: live-cluster\nVersion: {version()}\n"
    tree.add(f"{CODE}/live_cluster-{version()}.dist-info/METADATA", metadata)
    tree.add("/usr/sbin/live-cluster", _launcher("live_cluster.__main__"), 0o755)
    tree.add("/usr/sbin/live-configure", _launcher("live_cluster.access_main"), 0o755)
    if (SOURCE / "src/live_cluster_agent").is_dir():
        tree.copy_directory(SOURCE / "src/live_cluster_agent", f"{CODE}/agent/live_cluster_agent")
        agent = LAUNCHER.format(path=f"{CODE}/agent", module="live_cluster_agent.__main__")
        tree.add("/usr/lib/ocf/resource.d/live-cluster/postgresql", agent, 0o755)
        tie_break = LAUNCHER.format(path=f"{CODE}/agent", module="live_cluster_agent.tie_break")
        tree.add(f"{CODE}/tie-break", tie_break, 0o755)
    tree.copy(SOURCE / "packaging/live-cluster/alert", f"{CODE}/alert", 0o755)
    tree.copy(SOURCE / "packaging/live-cluster/tmpfiles.conf", "/usr/lib/tmpfiles.d/live-cluster.conf")
    tree.copy(SOURCE / "profiles/ivcs.toml", "/usr/share/live-cluster/profiles/ivcs.toml")
    tree.copy(SOURCE / "packaging/live-cluster/copyright", f"{DOCUMENTS}/copyright")
    tree.copy(SOURCE / "packaging/changelog", f"{DOCUMENTS}/changelog")
    for page in sorted((SOURCE / "packaging/live-cluster").glob("*.8")):
        tree.copy(page, f"/usr/share/man/man8/{page.name}")


def _launcher(module: str) -> str:
    return LAUNCHER.format(path=CODE, module=module)


def _move_notices(tree: Tree) -> None:
    """Moves the libraries' licences to the documents: pydantic would read all metadata beside the code."""
    code = tree.root / CODE.lstrip("/")
    for folder in sorted(code.glob("*.dist-info")):
        for record in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
            (folder / record).unlink(missing_ok=True)
        target = tree.root / DOCUMENTS.lstrip("/") / "libraries" / folder.name.removesuffix(".dist-info")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, target)
