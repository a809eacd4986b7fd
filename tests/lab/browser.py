"""A real Chromium on a host of the lab, driven by W3C WebDriver: requests to chromedriver on the host itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from live_lab import Host, wait_until

PACKAGES = ("chromium", "chromium-driver")
_DRIVER = "http://127.0.0.1:9515"
_PAGE_LOAD_S = 20
# A page is shown or not, whatever the browser does beside it; nobody but root is there to run it.
_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900")
_POLICY = "/etc/chromium/policies/managed/lab.json"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that the standard gives to ids of elements
_READ = "return Array.from(document.querySelectorAll(arguments[0]), one => one.value ?? one.innerText)"
_ROWS = (
    "return Array.from(document.querySelectorAll(arguments[0] + ' tr'),"
    " row => Array.from(row.cells, cell => cell.innerText))"
)


class BrowserRefused(Exception):
    """What WebDriver says of a command that was not carried out."""


class Browser:
    """One browser session: its cookies last as long as the object."""

    def __init__(self, host: Host, session: str) -> None:
        self._host = host
        self._session = f"/session/{session}"

    @classmethod
    @contextmanager
    def on(cls, host: Host, *, trusted: bytes) -> Iterator[Browser]:
        """Starts it; it accepts certificates of this authority (PEM), and asks for pages in Russian."""
        der = x509.load_pem_x509_certificate(trusted).public_bytes(Encoding.DER)
        host.run(("mkdir", "-p", _POLICY.rpartition("/")[0]))
        host.write(_POLICY, json.dumps({"CACertificates": [base64.b64encode(der).decode()]}))
        unit = (
            "systemd-run",
            "--unit=lab-chromedriver",
            "--setenv=HOME=/root",
            "chromedriver",
            "--port=9515",
        )
        host.run(unit)
        wait_until(lambda: _is_ready(host), deadline_s=300, what="chromedriver is ready")
        options = {"args": _ARGUMENTS, "prefs": {"intl.accept_languages": "ru,en"}}
        wish = {"goog:chromeOptions": options, "timeouts": {"pageLoad": _PAGE_LOAD_S * 1000}}
        answer = _ask(host, "POST", "/session", {"capabilities": {"alwaysMatch": wish}})
        browser = cls(host, answer["sessionId"])
        try:
            yield browser
        finally:
            host.run(("systemctl", "stop", "lab-chromedriver"))

    def open(self, url: str) -> None:
        """Goes there; BrowserRefused when there is no page."""
        self._do("POST", "/url", {"url": url})

    def tries(self, url: str) -> bool:
        """Goes there; whether there was a page."""
        try:
            self.open(url)
        except BrowserRefused:
            return False
        return True

    def all(self, selector: str) -> list[str]:
        """Values of the fields, or texts of the other elements, that this CSS selector finds."""
        return list(self._script(_READ, selector))

    def one(self, selector: str) -> str:
        """Of the only one."""
        (found,) = self.all(selector)
        return found

    def rows(self, selector: str) -> list[list[str]]:
        """Texts in the cells of a table."""
        return list(self._script(_ROWS, selector))

    def fill(self, selector: str, text: str) -> None:
        """Types into a field, as a user does."""
        self._do("POST", f"/element/{self._find(selector)}/clear", {})
        self._do("POST", f"/element/{self._find(selector)}/value", {"text": text})

    def press(self, selector: str) -> None:
        """A click; where it leads to another page, that one is there afterwards."""
        self._do("POST", f"/element/{self._find(selector)}/click", {})

    def wait_for(self, selector: str, fits: Callable[[str], bool] = bool, *, what: str) -> str:
        """The text of the first element of this selector that fits; the page is not asked for again."""
        return wait_until(
            lambda: next((text for text in self.all(selector) if fits(text)), ""), deadline_s=300, what=what
        )

    def _find(self, selector: str) -> str:
        return str(self._do("POST", "/element", {"using": "css selector", "value": selector})[_ELEMENT])

    def _script(self, script: str, *arguments: str) -> Any:
        return self._do("POST", "/execute/sync", {"script": script, "args": arguments})

    def _do(self, method: str, what: str, body: object = None) -> Any:
        return _ask(self._host, method, self._session + what, body)


def _is_ready(host: Host) -> bool:
    answer = host.run(("curl", "-sS", f"{_DRIVER}/status"), check=False)
    return answer.returncode == 0 and bool(json.loads(answer.stdout)["value"]["ready"])


def _ask(host: Host, method: str, path: str, body: object) -> Any:
    """The value of the answer. A command may last as long as a page load, and starting the browser longer."""
    data = () if body is None else ("--header", "Content-Type: application/json", "--data", "@-")
    argv = ("curl", "-sS", "--request", method, *data, _DRIVER + path)
    answer = host.run(argv, stdin="" if body is None else json.dumps(body), timeout_s=300)
    value = json.loads(answer.stdout)["value"]
    if isinstance(value, dict) and "error" in value:
        raise BrowserRefused(f"{method} {path}: {value['error']}: {value['message']}")
    return value
