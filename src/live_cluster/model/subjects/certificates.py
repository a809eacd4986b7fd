"""The certificate of the web interface."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section
from live_cluster.model.value_types import FILE, Words

CERTIFICATE_FILE = Parameter(
    name="ssl-certificate-file",
    section=Section.CERTIFICATE,
    value_type=FILE,
    help=Words("File with the certificate.", "Путь к файлу SSL-сертификата."),
    example="/root/video.example.com.crt",
)
PRIVATE_KEY_FILE = Parameter(
    name="ssl-private-key-file",
    section=Section.CERTIFICATE,
    value_type=FILE,
    help=Words("File with its private key.", "Путь к файлу приватного ключа этого сертификата."),
    example="/root/video.example.com.key",
)

CERTIFICATE_ROWS = (CERTIFICATE_FILE, PRIVATE_KEY_FILE)
