"""Sentences in Russian: setting DRBD up."""

TEXTS: dict[str, str] = {
    # What must hold
    "drbd-no-module": "{node}: в ядре нет модуля drbd (modinfo drbd его не находит). Установите пакет ядра, в котором он есть: apt-get install linux-image-amd64, и перезагрузите сервер.",
    "drbd-module-version": "{node}: версия DRBD в ядре — {version}; эта версия live-cluster работает с 8.4, которая входит в ядро Debian.",
    "drbd-not-configured": "--{option}: {node}: DRBD для {device} там не настроен (drbdadm dump). Настройте его на обоих головных серверах или поручите это live-cluster: --{option} drbd:/dev/ДИСК",
    "drbd-protocol": "--{option}: {node}: ресурс DRBD {resource} ({device}) работает по протоколу {protocol}: записанное пропало бы вместе с активным сервером. Укажите в его настройках protocol C и выполните там: drbdadm adjust {resource}",
    "drbd-without-fencing": "--{option}: {node}: у ресурса DRBD {resource} ({device}) не задана политика fencing: после двух сбоев подряд сервер может начать работу со старыми файлами. Задайте fencing resource-and-stonith с обработчиками crm-fence-peer.9.sh и crm-unfence-peer.9.sh, см. man drbd.conf",
    "drbd-by-host-name": "--{option}: {node}: в ресурсе DRBD {resource} ({device}) серверы названы по именам ({hosts}): они должны совпадать с выводом uname -n и сейчас, и после переименования сервера. Секции «floating АДРЕС:ПОРТ» от имён не зависят.",
    "drbd-names-differ": "--{option}: {device} на одном головном сервере принадлежит ресурсу DRBD {first}, на другом — {second}. Назовите его одинаково на обоих.",
    "drbd-disk-missing": "--{option}: {node}: {device} нет, или это не блочное устройство. Укажите диск, который есть под этим именем на обоих головных серверах (lsblk).",
    "drbd-disk-in-use": "--{option}: {node}: {device} занят ({holders}). Для DRBD нужен отдельный диск, раздел или логический том.",
    "drbd-disk-not-empty": "--{option}: {node}: {device} не пуст (найдено: {found}), а live-cluster ничего не перезаписывает. Если на нём больше ничего не нужно, очистите его там: wipefs --all {device}",
    "drbd-disk-small": "--{option}: {node}: размер {device} — {size_mib} МиБ; нужно не менее {need_mib} МиБ.",
    "drbd-disk-smaller": "--{option}: {node}: размер {device} — {size_mib} МиБ, а файловому хранилищу другого головного сервера нужно {need_mib} МиБ. Укажите диск не меньшего размера.",
    "drbd-device-taken": "--{option}: {node}: ресурс DRBD {resource} уже использует {taken}, которое нужно live-cluster. Назначьте тому ресурсу другое устройство.",
    "drbd-port-taken": "--{option}: {node}: ресурс DRBD {resource} уже использует порт {port}, который нужен live-cluster. Назначьте тому ресурсу другой порт.",
    # Steps
    "stage-drbd-disks": "Подготовка дисков файлового хранилища",
    "stage-drbd-connect": "Соединение дисков файлового хранилища",
    "stage-drbd-equal": "Пустые диски объявляются одинаковыми",
    "stage-drbd-files": "Создание файловой системы файлового хранилища",
    "step-drbd-metadata": "Записать метаданные DRBD в конец пустого диска {device}",
    "step-drbd-up": "Запустить DRBD на {device} и соединить с другим головным сервером",
    "step-drbd-equal": "Обойтись без первого копирования: оба диска пусты",
    "step-drbd-files": "Создать ext4 на {device}",
}
