"""The reference's license files: a small TOML text that anybody can make, with a check sum as its signature.

What matters for a cluster is real: a license may be bound to a server's instance id, and holds on both heads
only if both have the same one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

PRODUCT = "IVCS reference"
LARGEST = 64 * 1024
MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """What a license file says; without an instance id it holds everywhere."""

    holder: str
    valid_until: date
    server_instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseState:
    """Whether the application is licensed, and if not, why."""

    license: License | None
    problem: str

    @property
    def is_valid(self) -> bool:
        """Only without a problem."""
        return not self.problem


class BadLicense(ValueError):
    """The text is no license of this product, or was changed."""


def license_text(content: License) -> str:
    """The file of this license."""
    signed = _signed_part(content)
    lines = (f"{name} = {json.dumps(text, ensure_ascii=False)}\n" for name, text in signed.items())
    return (
        "# License of the IVCS reference application\n" + "".join(lines) + f'signature = "{_seal(signed)}"\n'
    )


def read_license(file: bytes) -> License:
    """What the file says; BadLicense with the reason."""
    import tomllib

    try:
        values = tomllib.loads(file.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise BadLicense("this is no license file of the reference application") from None
    values.setdefault("server_instance_id", "")
    names = {"product", "holder", "valid_until", "server_instance_id", "signature"}
    if set(values) != names or not all(isinstance(value, str) for value in values.values()):
        raise BadLicense(f"a license file has the texts {', '.join(sorted(names))}")
    try:
        until = date.fromisoformat(values["valid_until"])
    except ValueError:
        raise BadLicense("valid_until must be a date like 2030-12-31") from None
    found = License(
        holder=values["holder"], valid_until=until, server_instance_id=values["server_instance_id"]
    )
    if values["product"] != PRODUCT or values["signature"] != _seal(_signed_part(found)):
        raise BadLicense("the signature does not fit: the file was changed or damaged")
    return found


def judge(file: bytes | None, instance_id: str | None, today: date) -> LicenseState:
    """Whether this file licenses a server with this instance id today; None: whichever it is for."""
    if file is None:
        return LicenseState(license=None, problem="no license is installed")
    try:
        found = read_license(file)
    except BadLicense as error:
        return LicenseState(license=None, problem=str(error))
    if found.valid_until < today:
        return LicenseState(license=found, problem=f"it expired on {found.valid_until}")
    if instance_id is not None and found.server_instance_id not in {"", instance_id}:
        problem = f"it is for the server instance {found.server_instance_id}, and this one is {instance_id}"
        return LicenseState(license=found, problem=problem)
    return LicenseState(license=found, problem="")


def own_instance_id(machine_id: Path = MACHINE_ID) -> str:
    """The instance id of this server, unless another one is forced; each head has a different one."""
    text = machine_id.read_text("ascii").strip() if machine_id.exists() else ""
    digits = hashlib.sha256(f"ivcs reference {text}".encode()).hexdigest()[:16].upper()
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))


def _signed_part(content: License) -> dict[str, str]:
    return {
        "product": PRODUCT,
        "holder": content.holder,
        "valid_until": content.valid_until.isoformat(),
        "server_instance_id": content.server_instance_id,
    }


def _seal(signed: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(signed, sort_keys=True).encode()).hexdigest()
