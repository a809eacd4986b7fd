"""The package builder: what decides about a package's bytes, and what the sources must agree on."""

import hashlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "packaging"))

from deb_builder import product, reference
from deb_builder.bundle import wheel_selection
from deb_builder.deb import Package
from deb_builder.lock import lock_text
from deb_builder.product import CODE, product_packages
from deb_builder.reference import reference_packages
from deb_builder.releases import RELEASES
from deb_builder.source import BuildProblem, build_time, changelog_time, version
from deb_builder.tree import Tree

from live_cluster.model.mirror import SPLIT_BRAIN_ATTRIBUTE
from live_cluster.probes.local_tools import HISTORY
from live_cluster.render.cib_alerts import AGENT

ROOT = Path(__file__).parents[2]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text("utf-8"), re.MULTILINE))


def test_changelog_and_project_have_the_same_version() -> None:
    newest = (ROOT / "packaging/changelog").read_text("utf-8").splitlines()[0]
    assert newest.startswith(f"live-cluster ({version()}) ")


def test_lock_holds_what_is_required() -> None:
    locked = pins(ROOT / "packaging/requirements.lock")
    assert pins(ROOT / "packaging/requirements.txt").items() <= locked.items()


def test_what_the_project_depends_on_is_bundled() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[<>=\[ ]", dependency)[0].lower() for dependency in project["dependencies"]}
    assert names == set(pins(ROOT / "packaging/requirements.txt"))


def test_changelog_time_is_that_of_the_newest_entry() -> None:
    text = (
        "x (2) unstable; urgency=medium\n\n  * b\n\n -- A <a@b>  Thu, 01 Jan 1970 01:00:10 +0100\n"
        "x (1) unstable; urgency=medium\n\n  * a\n\n -- A <a@b>  Thu, 01 Jan 1970 00:00:00 +0000\n"
    )
    assert changelog_time(text) == 10


def test_changelog_without_an_entry_is_refused() -> None:
    with pytest.raises(BuildProblem):
        changelog_time("")


def test_given_time_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12345")
    assert build_time() == 12345


def test_lock_text_joins_the_wheels_of_one_version(tmp_path: Path) -> None:
    wheels = []
    for name, content in (
        ("a_b-1.0-cp311-x.whl", b"1"),
        ("a_b-1.0-cp313-x.whl", b"2"),
        ("C-2-py3-none-any.whl", b"3"),
    ):
        wheels.append(tmp_path / name)
        wheels[-1].write_bytes(content)
    text = lock_text(wheels, "requirements.txt")
    assert re.findall(r"^[^# ].*?==\S+", text, re.MULTILINE) == ["a-b==1.0", "c==2"]
    assert sorted(re.findall(r"sha256:(\w+)", text)) == sorted(
        hashlib.sha256(c).hexdigest() for c in (b"1", b"2", b"3")
    )


def test_wheels_are_chosen_for_the_target_and_not_for_this_machine() -> None:
    assert "3.13" in wheel_selection(RELEASES["trixie"])
    assert "--only-binary=:all:" in wheel_selection(RELEASES["trixie"])


@pytest.mark.parametrize("codename", ["bookworm", "trixie"])
def test_product_needs_exactly_the_python_it_was_built_for(codename: str) -> None:
    package, cluster = product_packages(RELEASES[codename])
    python = {"bookworm": ("3.11", "3.12"), "trixie": ("3.13", "3.14")}[codename]
    assert package.depends[:2] == (f"python3 (>= {python[0]})", f"python3 (<< {python[1]})")
    assert cluster.depends[0] == f"live-configure (= {package.version})"
    assert {"corosync", "pacemaker", "postgresql", "samba"} <= set(cluster.depends)


def test_a_media_server_gets_nothing_of_a_cluster() -> None:
    package, _ = product_packages(RELEASES["bookworm"])
    assert package.name == "live-configure"
    wanted = " ".join((*package.depends, *package.recommends))
    assert not re.search(r"corosync|pacemaker|postgresql|samba", wanted)
    # The arbiter's daemon is for the one that is to be it.
    assert "Suggests: corosync-qnetd\n" in package.control(1)


def test_version_says_the_release() -> None:
    assert {one.version for one in product_packages(RELEASES["bookworm"])} == {f"{version()}+deb12"}


def test_control_file_indents_the_description() -> None:
    package = reference_packages()[0]
    control = package.control(7)
    assert "Installed-Size: 7\n" in control
    assert control.endswith("\n")
    lines = control.partition("Description: ")[2].splitlines()
    assert all(line.startswith(" ") and line.strip() for line in lines[1:])


@pytest.fixture
def fetched_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit tests fetch nothing."""
    folder = tmp_path / "libraries"
    for name in ("smpplib/client.py", "smpplib-2.dist-info/METADATA", "smpplib-2.dist-info/LICENSE"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    monkeypatch.setattr(reference, "reference_libraries", lambda: folder)


def test_the_library_that_debian_lacks_is_inside(tmp_path: Path, fetched_library: None) -> None:
    tree = Tree(tmp_path / "tree")
    tree.root.mkdir()
    reference_packages()[0].fill(tree)
    assert (tree.root / "usr/lib/ivcs/smpplib/client.py").is_file()
    assert (tree.root / "usr/share/doc/ivcs-reference/libraries/smpplib-2/LICENSE").is_file()
    locked = pins(ROOT / "packaging/reference-requirements.lock")
    assert locked == pins(ROOT / "packaging/reference-requirements.txt")


@pytest.mark.usefixtures("fetched_library")
@pytest.mark.parametrize("packages", [reference_packages(), product_packages(RELEASES["bookworm"])])
def test_packages_for_one_server_share_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packages: tuple[Package, ...]
) -> None:
    monkeypatch.setattr(product, "bundled_libraries", lambda _release: libraries(tmp_path))
    files = []
    for package in packages:
        tree = Tree(tmp_path / package.name)
        tree.root.mkdir()
        package.fill(tree)
        files.append({path.relative_to(tree.root) for path in tree.root.rglob("*") if path.is_file()})
    assert files[0]
    assert not files[0] & files[1]


def libraries(folder: Path) -> Path:
    """Stands in for what pip would fetch."""
    place = folder / "libraries"
    (place / "some_library").mkdir(parents=True, exist_ok=True)
    (place / "some_library/__init__.py").touch()
    return place


def test_units_of_the_reference_start_modules_that_are_packaged(
    tmp_path: Path, fetched_library: None
) -> None:
    for package in reference_packages():
        tree = Tree(tmp_path / package.name)
        tree.root.mkdir()
        package.fill(tree)
        for unit in (tree.root / "usr/lib/systemd/system").glob("*.service"):
            text = unit.read_text("utf-8")
            folder = re.search(r"PYTHONPATH=(\S+)", text)
            module = re.search(r"-m (\S+)", text)
            assert folder, unit
            assert module, unit
            place = tree.root / folder[1].lstrip("/") / module[1].replace(".", "/")
            assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


def test_tree_normalises_modes_times_and_leaves_bytecode_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "__pycache__/a.pyc").touch()
    (source / "a.py").write_text("")
    (source / "a.py").chmod(0o777)
    (source / "b.py").write_text("")
    (source / "b.py").chmod(0o600)
    tree = Tree(tmp_path / "tree")
    tree.root.mkdir()
    tree.copy_directory(source, "/usr/lib/x")
    tree.add("/etc/x.conf", "1")
    tree.finish(1000)
    modes = {
        str(file.relative_to(tree.root)): file.stat().st_mode & 0o777 for file in tree.root.rglob("*.py")
    }
    assert modes == {"usr/lib/x/a.py": 0o755, "usr/lib/x/b.py": 0o644}
    assert {int(file.stat().st_mtime) for file in tree.root.rglob("*")} == {1000}
    assert not list(tree.root.rglob("__pycache__"))
    assert (tree.root / "DEBIAN/conffiles").read_text() == "/etc/x.conf\n"
    assert "  etc/x.conf\n" in (tree.root / "DEBIAN/md5sums").read_text()


def test_scripts_of_the_packages_are_given_to_dpkg() -> None:
    packages: tuple[Package, ...] = (*product_packages(RELEASES["bookworm"]), *reference_packages())
    for package in packages:
        assert set(package.scripts) == {"postinst", "prerm"}
        assert all(text.startswith("#!/bin/sh\nset -e\n") for text in package.scripts.values())


def test_the_alert_of_the_cluster_is_where_the_cib_names_it() -> None:
    product = (ROOT / "packaging/deb_builder/product.py").read_text("utf-8")
    assert 'f"{CODE}/alert", 0o755' in product
    assert f"{CODE}/alert" == AGENT
    # The folder of its file belongs to the account as which Pacemaker runs it.
    folders = (ROOT / "packaging/live-cluster/tmpfiles.conf").read_text("utf-8")
    assert f"d {Path(HISTORY[0]).parent} 0750 hacluster haclient -" in folders
    assert "systemd-tmpfiles --create" in product_packages(RELEASES["bookworm"])[1].scripts["postinst"]


def test_drbd_s_handler_tells_what_status_and_events_read() -> None:
    handler = (ROOT / "packaging/live-cluster/drbd-fence-peer").read_text("utf-8")
    assert f"--name {SPLIT_BRAIN_ATTRIBUTE} --update" in handler
    assert HISTORY[0] in handler
