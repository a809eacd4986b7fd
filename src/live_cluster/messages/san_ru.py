"""Предложения на русском: блочные устройства файлового хранилища."""

TEXTS: dict[str, str] = {
    # Что о нём говорят головные серверы
    "device-is-path": (
        "{node}: {device} (--filestorage-device) — один из путей устройства multipath {whole}. Укажите его: при отказе одного пути "
        "работа продолжится по остальным."
    ),
    "device-in-use": (
        "{node}: {device} (--filestorage-device) занято: {users}. Файловому хранилищу нужно отдельное устройство без разделов и томов "
        "(или укажите сам том)."
    ),
    "device-mounted": "{node}: {device} (--filestorage-device) смонтировано в {where}. Размонтируйте его там и уберите из /etc/fstab.",
    "device-read-only": "{node}: {device} (--filestorage-device) доступно только для чтения. Разрешите этому серверу запись в системе хранения.",
    "device-not-empty": (
        "{node}: {device} (--filestorage-device) не пусто (найдено: {found}): --format-filestorage его не изменяет. Если данные на нём "
        "больше не нужны, очистите его на одном сервере: wipefs --all {device}, затем blkdiscard --zeroout {device}"
    ),
    "device-has-errors": (
        "{node}: файловая система на {device} (--filestorage-device) повреждена (состояние: {state}). Проверьте её, когда она нигде не "
        "смонтирована (`live-cluster stop-resources`): e2fsck -f {device}"
    ),
    "device-single-path": (
        "{node}: {device} (--filestorage-device) — то же устройство, что и {others}: у сервера к нему несколько путей, и это один из них. При "
        "его отказе откажет файловое хранилище. Настройте multipath (multipath-tools) и укажите устройство multipath."
    ),
    "device-sizes-differ": "Головные серверы видят --filestorage-device с разными размерами ({first} и {second} байт). Обновите размер на обоих (rescan-scsi-bus.sh, multipathd resize).",
    "devices-are-copies": (
        "Под --filestorage-device головные серверы видят разные устройства системы хранения ({first} и {second}) с одной и той же файловой "
        "системой: одно — копия другого. Предоставьте обоим один и тот же LUN."
    ),
    "device-name-may-change": (
        "{device} (--filestorage-device) после следующей загрузки может оказаться другим диском. Постоянные имена, одинаковые на обоих "
        "серверах: {common}. ({first}; {second})"
    ),
    "device-other-names": "{device} (--filestorage-device) — не одно и то же устройство на обоих серверах. Имена, которые есть на обоих: {names}",
    "format-without-device": "--format-filestorage относится к блочному устройству SAN, а файловое хранилище другого вида. Уберите этот параметр.",
    # Что делается
    "stage-format": "Создание файловой системы",
    "step-format": "Создать файловую систему ext4 на {device} (UUID {uuid})",
    "step-format-seen": "Увидеть новую файловую систему на {device} и здесь (UUID {uuid})",
    "ask-format": "{device} ({gib} ГиБ) пусто на обоих головных серверах; на нём будет создана файловая система ext4 (UUID {uuid}). Продолжить?",
}
