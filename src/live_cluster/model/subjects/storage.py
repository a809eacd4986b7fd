"""Where the application's files are kept."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section
from live_cluster.model.value_types import PASSWORD, STORAGE, TEXT, Words

FILESTORAGE_DEVICE = Parameter(
    name="filestorage-device",
    section=Section.STORAGE,
    value_type=STORAGE,
    help=Words(
        "Block device of the SAN under the same path on both heads, with ext4 on it; or drbd:/dev/DISK, an empty"
        " disk of each head that DRBD mirrors; or /dev/drbdN, mirrored by DRBD already, with ext4 on it."
        " Or a share of a NAS: //host/share (CIFS), host:/export (NFS version 4).",
        "Блочное устройство SAN, доступное на обоих головных серверах по одному пути, с файловой системой"
        " ext4; или drbd:/dev/ДИСК — пустой диск в каждом головном сервере, которые зеркалирует DRBD;"
        " или /dev/drbdN — уже настроенное устройство DRBD с файловой системой ext4. Или ресурс NAS:"
        " //host/share (CIFS), host:/export (NFS версии 4).",
    ),
    example="/dev/mapper/filestorage",
)
FILESTORAGE_USERNAME = Parameter(
    name="filestorage-username",
    section=Section.STORAGE,
    value_type=TEXT,
    help=Words(
        "User name for a CIFS share; with a domain: DOMAIN\\user. Without one it is used as a guest.",
        "Имя пользователя для ресурса CIFS; с доменом: DOMAIN\\user. Если не указано, вход гостем.",
    ),
    example="ivcs",
)
FILESTORAGE_PASSWORD = Parameter(
    name="filestorage-password",
    section=Section.STORAGE,
    value_type=PASSWORD,
    help=Words("Password of that user.", "Пароль этого пользователя."),
    example="a password with spaces",
)

STORAGE_ROWS = (FILESTORAGE_DEVICE, FILESTORAGE_USERNAME, FILESTORAGE_PASSWORD)
