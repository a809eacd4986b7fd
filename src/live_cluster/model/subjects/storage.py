"""Where the application's files are kept."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section
from live_cluster.model.value_types import PASSWORD, STORAGE, TEXT, Words

FILESTORAGE_DEVICE = Parameter(
    name="filestorage-device",
    section=Section.STORAGE,
    value_type=STORAGE,
    help=Words(
        "Block device of the SAN under the same path on both heads, with ext4 on it. (A network share or DRBD"
        " is recognised, but this version cannot connect it yet.)",
        "Блочное устройство SAN, доступное на обоих головных серверах по одному пути, с файловой системой"
        " ext4. (Сетевое хранилище и DRBD распознаются, но эта версия их ещё не подключает.)",
    ),
    example="/dev/mapper/filestorage",
)
FILESTORAGE_USERNAME = Parameter(
    name="filestorage-username",
    section=Section.STORAGE,
    value_type=TEXT,
    help=Words(
        "User name for a network share that asks for one.",
        "Имя пользователя сетевого хранилища, если оно требует авторизации.",
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
