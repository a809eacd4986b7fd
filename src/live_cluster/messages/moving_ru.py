"""Предложения на русском: перенос файлового хранилища."""

TEXTS: dict[str, str] = {
    # Можно ли
    "storage-is-another": (
        "--{option}: файлы находятся на {former}, а {wanted} — другое хранилище. Повторите команду с --migrate-filestorage: всё будет "
        "скопировано и проверено, службы остановятся только на время последних изменений. Или скопируйте сами: `live-cluster "
        "stop-resources`, смонтируйте оба и скопируйте, снова эта команда, `live-cluster start-resources`."
    ),
    "storage-changed-by-hand": (
        "--{option}: кластер будет монтировать {wanted} вместо {former}, и ничего не копируется: прежнее хранилище сейчас не используется. "
        "Убедитесь, что файлы на месте."
    ),
    "move-to-drbd": "--{option}: live-cluster не умеет сам переносить файлы с {former} на DRBD. Скопируйте сами: `live-cluster stop-resources`, копирование, эта команда без --migrate-filestorage, `live-cluster start-resources`.",
    "move-source-not-mounted": (
        "--{option}: с {former} нельзя копировать: оно не смонтировано ни на одном головном сервере. Сначала запустите ресурсы (`live-cluster "
        "start-resources`; чего не хватает, покажет `live-cluster status`)."
    ),
    "move-target-not-empty": "--{option}: {wanted} не пусто: на нём {names}. Чужие файлы не смешиваются с файлами с {former} и не удаляются: очистите его или укажите другое.",
    "move-begun-from-another": "--{option}: на {wanted} лежит то, что прерванный запуск скопировал с {begun_from}, а файлы теперь на {former}. Очистите его или укажите другое.",
    "move-no-room": "--{option}: на {wanted} есть место для {free_mib} МиБ, а скопировать с {former} нужно {need_mib} МиБ.",
    "move-differs": (
        "{node}: после последнего прохода копия отличается от прежнего хранилища: туда пишет что-то кроме служб кластера. Службы снова "
        "работают на прежнем хранилище. Найдите, кто пишет (fuser -vm), и повторите команду."
    ),
    "move-not-compared": "{node}: копию не удалось сравнить с прежним хранилищем (код завершения {exit_code}): {output}",
    # Что делается
    "stage-move-prepare": "Уборка после прежнего переноса",
    "stage-move": "Перенос файлового хранилища",
    "step-move-unmount": "Размонтировать {path}",
    "step-move-mount": "Смонтировать {device} в {path}",
    "step-move-copy": "Скопировать файлы с {former} на {device}; они остаются в работе",
    "step-move-verify": "Сравнить содержимое каждого файла на {former} и {device}; они остаются в работе",
    "step-move-last": "Остановить всё, что пишет файлы, и скопировать последние изменения (отсюда службы недоступны примерно {seconds} с)",
    "step-move-compare": "Сравнить имена, размеры, времена, владельцев, права и атрибуты всех файлов",
    "step-move-services": "Убедиться, что снова работают {units}",
    "move-progress": "{percent} % ({done} из {total} МиБ)",
}
