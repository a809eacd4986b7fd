"""The packages of the reference application: a head server's and a media server's."""

from __future__ import annotations

from deb_builder.bundle import reference_libraries
from deb_builder.deb import Package, scripts
from deb_builder.source import SOURCE, version
from deb_builder.tree import Tree

HEAD_PARTS = ("ivcs_service", "ivcs_server", "ivcs_signalling")
HEAD_UNITS = ("ivcs-certificate", "ivcs-first-start", "ivcs-server", "opensips", "gnugk")
MEDIA_PARTS = ("ivcs_service", "ivcs_media")
FIREWALL = "/etc/iptables-config/ipv4/filter.d"
MEDIA_UNITS = ("ivcs-media",)


def reference_packages() -> tuple[Package, ...]:
    """Both packages; they may be installed on one server, so they share no file."""
    head = Package(
        name="ivcs-reference",
        version=version(),
        architecture="all",
        depends=(
            "python3 (>= 3.11)",
            "python3-aiohttp",
            "python3-cryptography",
            "python3-itsdangerous",
            "python3-jinja2",
            "python3-psycopg",
            "python3-six",
            "ca-certificates",
            "ivcs-media-reference",
            "nginx",
            "postgresql",
            "samba",
            "passwd",
            "systemd",
        ),
        summary="reference application for a head server",
        description="Conferences in PostgreSQL, files on a file storage, stand-ins for SIP and H.323:\n"
        "what live-cluster needs to be shown and tested with. It is not a conference system.",
        fill=_fill_head,
        scripts=scripts("ivcs-reference"),
    )
    media = Package(
        name="ivcs-media-reference",
        version=version(),
        architecture="all",
        depends=("python3 (>= 3.11)", "python3-aiohttp", "passwd", "systemd"),
        summary="reference application for a media server",
        description="Says on port 8091 that it is alive and which conferences it would run; no media flows.",
        fill=_fill_media,
        scripts=scripts("ivcs-media-reference"),
    )
    return head, media


def _fill_head(tree: Tree) -> None:
    _fill(tree, "ivcs-reference", HEAD_PARTS, HEAD_UNITS)
    system = SOURCE / "reference/system"
    tree.copy(system / "nginx-site.conf", "/etc/nginx/sites-available/ivcs")
    tree.copy(system / "nginx-proxy.conf", "/etc/nginx/ivcs-proxy.conf")
    tree.copy(system / "firewall-head", f"{FIREWALL}/0100-ivcs")
    tree.copy(system / "ivcs-admin", "/usr/lib/ivcs/ivcs-admin", 0o755)
    for verb in ("send-test", "check-license"):
        tree.link(f"/usr/lib/ivcs/{verb}", "ivcs-admin")
    _bundle(tree)


def _fill_media(tree: Tree) -> None:
    _fill(tree, "ivcs-media-reference", MEDIA_PARTS, MEDIA_UNITS)
    tree.copy(SOURCE / "reference/system/firewall-media", f"{FIREWALL}/0100-ivcs-media")


def _bundle(tree: Tree) -> None:
    """Libraries beside the code, their licences beside the documents."""
    for part in sorted(reference_libraries().iterdir()):
        if part.suffix == ".dist-info":
            for text in ("METADATA", "LICENSE"):
                notices = f"/usr/share/doc/ivcs-reference/libraries/{part.stem}"
                tree.copy(part / text, f"{notices}/{text}")
        else:
            tree.copy_directory(part, f"/usr/lib/ivcs/{part.name}")


def _fill(tree: Tree, package: str, parts: tuple[str, ...], units: tuple[str, ...]) -> None:
    folder = package.removesuffix("-reference")
    for part in parts:
        tree.copy_directory(SOURCE / "reference" / part, f"/usr/lib/{folder}/{part}")
    for unit in units:
        tree.copy(SOURCE / f"reference/system/{unit}.service", f"/usr/lib/systemd/system/{unit}.service")
    documents = f"/usr/share/doc/{package}"
    tree.copy(SOURCE / "packaging/ivcs-reference/copyright", f"{documents}/copyright")
    tree.copy(SOURCE / "packaging/changelog", f"{documents}/changelog")
