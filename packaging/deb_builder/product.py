"""The product's two packages: what every server needs, and what a head needs on top of that.

A media server gets `live-configure` only: Debian's Corosync and Pacemaker would start a cluster of one host there.
"""

from __future__ import annotations

import shutil

from deb_builder.bundle import bundled_libraries
from deb_builder.deb import Package, scripts
from deb_builder.releases import Release
from deb_builder.source import SOURCE, version
from deb_builder.tree import Tree

CODE = "/usr/lib/live-cluster"
EVERY_SERVER = ("openssh-server", "iproute2", "iptables")
HEADS = (
    "corosync",
    "corosync-qdevice",
    "libnss3-tools",
    "pacemaker",
    "pacemaker-cli-utils",
    "resource-agents",
    "postgresql",
    "samba",
    "iputils-ping",
    "iputils-arping",
    "e2fsprogs",
    "kmod",
    "psmisc",
    "procps",
)

# Only where fencing is wanted, files lie on a NAS, or the file storage is moved; `configure` names them when they
# are missing.
RECOMMENDS = ("fence-agents", "ipmitool", "cifs-utils", "nfs-common", "rsync")
# Only on the server that is to be the arbiter; `configure` says so.
SUGGESTS = ("corosync-qnetd",)
# Only where the heads' own disks hold the files; `configure` says so.
HEADS_SUGGEST = ("drbd-utils",)

# -I and -S: neither the environment nor packages of the machine reach these programs, and the interpreter
# starts without looking through site-packages.
LAUNCHER = """\
#!/usr/bin/python3 -IS
import sys

sys.path.insert(0, "{path}")

from {module} import main

sys.exit(main())
"""


def product_packages(release: Release) -> tuple[Package, Package]:
    """Both packages for one release, self-contained but for Debian's own packages; in the order of installation."""
    return _configure_package(release), _cluster_package(release)


def _configure_package(release: Release) -> Package:
    python = (f"python3 (>= {release.python})", f"python3 (<< {release.next_python})")
    return Package(
        name="live-configure",
        version=version() + release.version_suffix,
        architecture="amd64",
        depends=(*python, *EVERY_SERVER),
        suggests=SUGGESTS,
        summary="access for live-cluster to a server, for one hour",
        description=CONFIGURE_DESCRIPTION,
        fill=lambda tree: _fill_configure(tree, release),
        scripts=scripts("live-configure"),
    )


def _cluster_package(release: Release) -> Package:
    own_version = version() + release.version_suffix
    return Package(
        name="live-cluster",
        version=own_version,
        architecture="amd64",
        depends=(f"live-configure (= {own_version})", *HEADS),
        recommends=RECOMMENDS,
        suggests=HEADS_SUGGEST,
        summary="high-availability pair of head servers with one command",
        description=CLUSTER_DESCRIPTION,
        fill=_fill_cluster,
        scripts=scripts("live-cluster"),
    )


CONFIGURE_DESCRIPTION = """\
live-configure opens a server for live-cluster, which sets up a pair of head
servers and their media servers, and closes it again. It is all that a media
server needs; a server that is to be the arbiter needs corosync-qnetd, too.
The Python libraries it needs are inside."""
CLUSTER_DESCRIPTION = """\
live-cluster turns two freshly installed head servers into an active/standby
pair on Corosync, Pacemaker and PostgreSQL's streaming replication, and keeps
it one. For head servers only."""


def _fill_configure(tree: Tree, release: Release) -> None:
    tree.copy_directory(bundled_libraries(release), CODE)
    _move_notices(tree, _documents("live-configure"))
    tree.copy_directory(SOURCE / "src/live_cluster", f"{CODE}/live_cluster")
    # `--version` asks importlib.metadata.
    metadata = f"Metadata-Version: 2.1\nName: live-cluster\nVersion: {version()}\n"
    tree.add(f"{CODE}/live_cluster-{version()}.dist-info/METADATA", metadata)
    tree.add("/usr/sbin/live-configure", _launcher("live_cluster.access_main"), 0o755)
    _add_documents(tree, "live-configure")


def _fill_cluster(tree: Tree) -> None:
    tree.add("/usr/sbin/live-cluster", _launcher("live_cluster.__main__"), 0o755)
    tree.copy_directory(SOURCE / "src/live_cluster_agent", f"{CODE}/agent/live_cluster_agent")
    agent = LAUNCHER.format(path=f"{CODE}/agent", module="live_cluster_agent.__main__")
    tree.add("/usr/lib/ocf/resource.d/live-cluster/postgresql", agent, 0o755)
    tie_break = LAUNCHER.format(path=f"{CODE}/agent", module="live_cluster_agent.tie_break")
    tree.add(f"{CODE}/tie-break", tie_break, 0o755)
    tree.copy(SOURCE / "packaging/live-cluster/alert", f"{CODE}/alert", 0o755)
    tree.copy(SOURCE / "packaging/live-cluster/share-room", f"{CODE}/share-room", 0o755)
    for handler in ("drbd-fence-peer", "drbd-names/uname", "drbd-names/crm_diff"):
        tree.copy(SOURCE / "packaging/live-cluster" / handler, f"{CODE}/{handler}", 0o755)
    tree.copy(SOURCE / "packaging/live-cluster/tmpfiles.conf", "/usr/lib/tmpfiles.d/live-cluster.conf")
    for profile in sorted((SOURCE / "profiles").rglob("*.toml")):
        tree.copy(profile, f"/usr/share/live-cluster/{profile.relative_to(SOURCE)}")
    _add_documents(tree, "live-cluster")


def _documents(package: str) -> str:
    return f"/usr/share/doc/{package}"


def _add_documents(tree: Tree, package: str) -> None:
    tree.copy(SOURCE / "packaging" / package / "copyright", f"{_documents(package)}/copyright")
    tree.copy(SOURCE / "packaging/changelog", f"{_documents(package)}/changelog")
    for page in sorted((SOURCE / "packaging" / package).glob("*.8")):
        tree.copy(page, f"/usr/share/man/man8/{page.name}")


def _launcher(module: str) -> str:
    return LAUNCHER.format(path=CODE, module=module)


def _move_notices(tree: Tree, documents: str) -> None:
    """Moves the libraries' licences to the documents: pydantic would read all metadata beside the code."""
    code = tree.root / CODE.lstrip("/")
    for folder in sorted(code.glob("*.dist-info")):
        for record in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
            (folder / record).unlink(missing_ok=True)
        target = tree.root / documents.lstrip("/") / "libraries" / folder.name.removesuffix(".dist-info")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, target)
