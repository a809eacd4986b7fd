"""What `configure` notes beside the certificate that it installs, so that `status` need not read certificates."""

from __future__ import annotations

from live_cluster.record import Record

RECORD = "/var/lib/live-cluster/certificate"
WARNING_DAYS = 30
DAY_S = 86_400


class CertificateRecord(Record):
    """When the installed certificate ends (seconds since 1970), its file's SHA-256, and where it was put."""

    expires_s: int
    digest: str
    paths: tuple[str, ...]

    def days_left(self, now_s: float) -> int:
        """Whole days until it ends; negative afterwards."""
        return int((self.expires_s - now_s) // DAY_S)

    def as_text(self) -> str:
        """One value in each line, the paths last."""
        return "\n".join((str(self.expires_s), self.digest, *self.paths)) + "\n"


def parse_record(text: str) -> CertificateRecord | None:
    """None where there is no such record, or not a whole one."""
    lines = text.splitlines()
    if len(lines) < 2 or not lines[0].isdigit():
        return None
    return CertificateRecord(expires_s=int(lines[0]), digest=lines[1], paths=tuple(lines[2:]))
