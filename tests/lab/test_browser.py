"""What a Russian administrator sees of a configured cluster in a browser, before and after faults (C8-C14)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from application_case import (
    ALL,
    AUTHORITY,
    FIRST,
    FQDN,
    H323,
    INSTANCE_ID,
    SIP,
    put_files,
    wait_for_certificate,
)
from browser import PACKAGES, Browser
from cluster import HEADS, PUBLIC_ADDRESS, Cluster, write_conference

from live_lab import Lab, wait_until
from live_lab.image import ImageWish
from live_lab.lab import LabWish
from live_lab.recipe import default_release

pytestmark = [pytest.mark.lab, pytest.mark.matrix]

ADMIN = f"https://{FQDN}/admin"
MEDIA = {
    "10.81.0.1": "ivcs-main-1",
    "10.81.0.2": "ivcs-main-2",
    "10.81.0.11": "ivcs-media-0",
    "10.81.0.12": "ivcs-media-1",
}
LOST = "10.81.0.11"
CONFERENCE, AFTERWARDS = 'Совет "Север" <1>', "after the failover"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Configured with all options of the article; the client knows the name, as its DNS would tell it."""
    wish = LabWish(image=ImageWish(release=default_release(), client_extras=PACKAGES), media=2)
    with Lab.create("browser", wish) as lab:
        put_files(lab.heads[0])
        cluster = Cluster.unlocked(lab)
        report = cluster.configure(*ALL)
        assert report.returncode == 0, report
        lab.client.run(("sh", "-c", f"echo {PUBLIC_ADDRESS} {FQDN} >>/etc/hosts"))
        yield cluster


@pytest.fixture(scope="module")
def browser(cluster: Cluster) -> Iterator[Browser]:
    """A browser in which the administrator has logged in, once for all tests."""
    password = cluster.lab.heads[0].read("/etc/ivcs/initial-admin-password").strip()
    with Browser.on(cluster.lab.client, trusted=AUTHORITY.certificate) as browser:
        browser.open(f"{ADMIN}/")
        browser.fill("#password", password)
        browser.press("main button")
        browser.wait_for("h1", what="the administrator is logged in", fits=lambda title: title == "Обзор")
        yield browser


def asked(cluster: Cluster, what: str) -> Any:
    """The open interface's answer to the client."""
    argv = ("curl", "-sS", "--fail", "-m", "10", f"http://{PUBLIC_ADDRESS}/api/{what}")
    return json.loads(cluster.lab.client.run(argv).stdout)


def places(cluster: Cluster) -> dict[str, tuple[str, str]]:
    """Conference to the address and the state of its media server."""
    found = asked(cluster, "conferences?limit=1000")["conferences"]
    return {one["name"]: (one["media_server"], one["media_server_state"]) for one in found}


def shown(browser: Browser, page: str) -> list[list[str]]:
    """The rows of the table on this page, as it is now."""
    browser.open(f"{ADMIN}/{page}")
    return browser.rows(f"#{page}")[1:]


def states(browser: Browser) -> dict[str, str]:
    """Media server to the first line of its state."""
    return {row[0]: row[2].splitlines()[0] for row in shown(browser, "media-servers")}


def create(browser: Browser, name: str) -> None:
    browser.open(f"{ADMIN}/conferences")
    browser.fill("#name", name)
    browser.press("main form button")
    browser.wait_for("#message", what=f"{name} is created", fits=lambda text: name in text)


def test_the_browser_takes_no_certificate_of_another_name(browser: Browser) -> None:
    browser.open(f"https://{PUBLIC_ADDRESS}/admin/")
    assert browser.one("#error-code") == "NET::ERR_CERT_COMMON_NAME_INVALID"


def test_settings_are_shown_as_configured(browser: Browser) -> None:
    browser.open(f"{ADMIN}/domains")
    assert browser.one("#web_address") == FQDN
    browser.open(f"{ADMIN}/settings")
    assert browser.one('[name="sip.outgoing_proxy"]') == "sip:proxy.example.com:5060"
    assert browser.one('[name="sip.default_from_header"]') == SIP
    assert browser.one('[name="h323.default_from_header"]') == H323
    browser.open(f"{ADMIN}/mail")
    assert browser.all("#enabled:checked")
    mail = [browser.one(f"#{name}") for name in ("hostname", "port", "username", "password")]
    assert mail == ["mail.example.com", "25", "ivcs@example.com", ""]
    browser.open(f"{ADMIN}/sms")
    assert browser.all("#enabled:checked")
    sms = [browser.one(f"#{name}") for name in ("host", "port", "username", "password", "sender_address")]
    assert sms == ["smsc.example.com", "2776", "ivcs", "", "Видеосвязь 1"]


def test_license_and_certificate_hold(browser: Browser) -> None:
    browser.open(f"{ADMIN}/license")
    assert browser.one("#license") == "действительна"
    assert browser.one("#instance").startswith(f"{INSTANCE_ID} ")
    browser.open(f"{ADMIN}/ssl")
    assert browser.one("#names") == FQDN


def test_media_servers_are_listed_and_answer(browser: Browser) -> None:
    assert {row[0]: row[1] for row in shown(browser, "media-servers")} == MEDIA
    wait_until(
        lambda: set(states(browser).values()) == {"доступен"},
        deadline_s=300,
        what="all media servers answer",
    )


def test_a_conference_is_created(cluster: Cluster, browser: Browser) -> None:
    create(browser, CONFERENCE)
    (row,) = (row for row in browser.rows("#conferences") if row[0] == CONFERENCE)
    assert row[2] in MEDIA
    assert places(cluster)[CONFERENCE] == (row[2], "reachable")


def test_conferences_of_a_lost_media_server_run_on_another(cluster: Cluster, browser: Browser) -> None:
    for number in range(8):
        write_conference(cluster.lab.client, f"conference {number}", PUBLIC_ADDRESS)
    before = places(cluster)
    moved = {name for name, (server, _) in before.items() if server == LOST}
    assert moved
    cluster.lab.media[0].power_off()
    wait_until(
        lambda: LOST not in {server for server, _ in places(cluster).values()},
        deadline_s=300,
        what="its conferences run elsewhere",
    )
    after = places(cluster)
    assert {name: after[name] for name in before.keys() - moved} == {
        name: before[name] for name in before.keys() - moved
    }
    assert {state for _, state in after.values()} == {"reachable"}
    assert states(browser)[LOST] == "недоступен"
    assert {row[0]: row[3] for row in shown(browser, "media-servers")}[LOST] == "0"
    assert {row[0]: row[2] for row in shown(browser, "conferences")} == {
        name: server for name, (server, _) in after.items()
    }


def test_the_session_goes_on_after_a_failover(cluster: Cluster, browser: Browser) -> None:
    wait_for_certificate(cluster, FIRST)
    before = {row[0] for row in shown(browser, "conferences")}
    lost = HEADS.index(browser.one("#answered-by"))
    cluster.lab.heads[lost].power_off()
    # A page of the other head that wants no log-in: it has the list.
    wait_until(
        lambda: (
            browser.tries(f"{ADMIN}/conferences")
            and browser.all("#answered-by") == [HEADS[1 - lost]]
            and browser.rows("#conferences")
        ),
        deadline_s=300,
        what="the other head shows the conferences to the same browser",
    )
    assert {row[0] for row in browser.rows("#conferences")[1:]} == before
    create(browser, AFTERWARDS)
    assert AFTERWARDS in {row[0] for row in browser.rows("#conferences")}
    wait_until(
        lambda: places(cluster)[AFTERWARDS][1] == "reachable",
        deadline_s=300,
        what="it runs on a media server",
    )
    browser.open(f"{ADMIN}/license")
    assert browser.one("#license") == "действительна"
    wait_for_certificate(cluster, FIRST)
