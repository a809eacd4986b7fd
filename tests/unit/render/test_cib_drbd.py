"""DRBD in the CIB: `python test_cib_drbd.py` writes the golden file anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cib_case import PLAN
from lxml import etree

from live_cluster.render.cib import configuration
from live_cluster.render.cib_difference import differs, merged
from live_cluster.render.cib_foreign import foreign_objects
from live_cluster.render.cib_storage import Mount

GOLDEN = Path(__file__).with_name("golden_cib_drbd.xml")
assert PLAN.files is not None
FILES = replace(
    PLAN.files,
    mount=Mount(device="/dev/drbd0", fstype="ext4", options="noatime"),
    drbd_resource="filestorage",
)
CONFIGURATION = configuration(replace(PLAN, files=FILES))
# As crm-fence-peer.9.sh of drbd-utils 9.22.0 makes it.
FENCED = """
<rsc_location rsc="filestorage-drbd-ms" id="drbd-fence-by-handler-filestorage-filestorage-drbd-ms">
 <rule role="Promoted" score="-INFINITY" id="drbd-fence-by-handler-filestorage-rule-filestorage-drbd-ms">
  <expression attribute="#uname" operation="ne" value="ivcs-main-1"
   id="drbd-fence-by-handler-filestorage-expr-0-filestorage-drbd-ms"/>
 </rule>
</rsc_location>"""


def rendered() -> bytes:
    return etree.tostring(CONFIGURATION, pretty_print=True)


def test_the_whole_configuration_is_the_golden_one() -> None:
    assert rendered().decode() == GOLDEN.read_text("utf-8")


def test_there_are_sixteen_instances() -> None:
    # C4: 14, and 16 with DRBD. Each clone has an instance on both heads.
    cloned = len(CONFIGURATION.findall("resources/clone/primitive"))
    assert 2 * cloned + len(CONFIGURATION.findall("resources/group/primitive")) == 16


def test_files_are_writable_where_the_database_is_primary_and_have_no_say_in_that() -> None:
    follows = {
        (
            one.get("rsc"),
            one.get("rsc-role"),
            one.get("with-rsc"),
            one.get("with-rsc-role"),
            one.get("influence"),
        )
        for one in CONFIGURATION.iterfind("constraints/rsc_colocation")
    }
    assert ("filestorage-drbd-ms", "Promoted", "ivcs-db-ms", "Promoted", "false") in follows
    assert ("filestorage-group", None, "filestorage-drbd-ms", "Promoted", "false") in follows


def test_the_file_system_is_mounted_after_the_promotion_and_unmounted_before_the_demotion() -> None:
    (order,) = CONFIGURATION.iterfind("constraints/rsc_order[@first='filestorage-drbd-ms']")
    assert (order.get("first-action"), order.get("then"), order.get("then-action")) == (
        "promote",
        "filestorage-group",
        "start",
    )
    assert order.get("symmetrical") == "true"


def test_a_head_that_was_fenced_by_drbd_stays_so_whatever_configure_does() -> None:
    cib = etree.Element("cib")
    cib.append(etree.fromstring(rendered()))
    constraints = cib.find("configuration/constraints")
    assert constraints is not None
    constraints.append(etree.fromstring(FENCED))
    running = etree.tostring(cib)
    assert not foreign_objects(running, CONFIGURATION)
    assert not differs(running, CONFIGURATION, prune=True)
    assert b"drbd-fence-by-handler" in merged(running, CONFIGURATION, prune=True)


if __name__ == "__main__":
    GOLDEN.write_bytes(rendered())
