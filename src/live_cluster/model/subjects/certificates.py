"""The certificate of the web interface."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section
from live_cluster.model.value_types import FILE, Words

CERTIFICATE_FILE = Parameter(
    name="ssl-certificate-file",
    section=Section.CERTIFICATE,
    value_type=FILE,
    help=Words(
        "File with the certificate (PEM), followed by the intermediate certificates. It and its key are installed"
        " for all services on both heads; a later run that does not name them leaves what is installed.",
        "Путь к файлу SSL-сертификата (PEM), за ним промежуточные сертификаты. Сертификат и ключ устанавливаются"
        " для всех служб на обоих головных серверах; последующий запуск без этих параметров их не меняет.",
    ),
    example="/root/video.example.com.crt",
)
PRIVATE_KEY_FILE = Parameter(
    name="ssl-private-key-file",
    section=Section.CERTIFICATE,
    value_type=FILE,
    help=Words(
        "File with its private key (PEM, without a passphrase, not readable for others).",
        "Путь к файлу приватного ключа этого сертификата (PEM, без парольной фразы, недоступен другим"
        " пользователям).",
    ),
    example="/root/video.example.com.key",
)

CERTIFICATE_ROWS = (CERTIFICATE_FILE, PRIVATE_KEY_FILE)
