"""Предложения на русском: fencing сторожевым таймером."""

TEXTS: dict[str, str] = {
    # Что было написано
    "not-a-watchdog": "{place}: «{value}» — не сторожевой таймер. Сторожевые таймеры называются /dev/watchdog, /dev/watchdog1 и так далее; см. wdctl",
    "not-a-disk": "{place}: «{value}» — не путь к диску. Укажите путь в /dev, одинаковый на обоих головных серверах, например /dev/disk/by-id/wwn-…",
    "fencing-two-kinds": "--{option} и --{other} — два разных вида fencing. Укажите один из них; чтобы перейти с одного на другой, сначала откажитесь от прежнего: live-cluster configure --no-fencing",
    "fencing-watchdog-alone": "--{option}: два сервера не могут сами решить, кто из них отрезан, и один лишь сторожевой таймер перезагрузил бы оба или ни одного. Задайте третий голос через --arbiter-ip или общий диск через --fencing-disk.",
    "fencing-watchdog-token": "--{option}: с fencing сторожевым таймером допустимо не больше {most} мс, а не {token}: перезагруженный сервер ждёт столько, сколько второму нужно, чтобы принять работу, и systemd столько ждать не станет.",
    "fencing-disk-is-storage": "--{option}: {disk} — это файловое хранилище; sbd затёр бы его начало. Укажите отдельный небольшой диск или раздел; хватит 4 МиБ.",
    # Что на это говорят серверы
    "sbd-missing": "{node}: программа sbd (--{option}) не установлена. Установите её там: apt-get install sbd; systemctl disable sbd. (Пакет сразу привязывает её к Corosync; пока её не настроил configure, она может не дать Corosync запуститься или перезагрузить сервер.)",
    "watchdog-missing": "{node}: нет устройства {device} (--{option}). Посмотрите, какие сторожевые таймеры есть: wdctl; ls /dev/watchdog*. На многих платах таймер есть, но выключен в настройках BIOS или не загружен его драйвер (iTCO_wdt, sp5100_tco, ipmi_watchdog). Если его нет совсем, годится программный: echo softdog > /etc/modules-load.d/softdog.conf; modprobe softdog",
    "watchdog-of-systemd": "{node}: сторожевым таймером пользуется сам systemd (RuntimeWatchdogSec={value}), а {device} (--{option}) может занять только одна программа. Уберите там RuntimeWatchdogSec из /etc/systemd/system.conf и его дополнений, затем: systemctl daemon-reexec",
    "watchdog-busy": "{node}: устройство {device} (--{option}) занято другой программой. Какой именно: fuser -v {device}; часто это пакет watchdog. Остановите и отключите её там или укажите другой сторожевой таймер.",
    "watchdog-soft": "{node}: {device} — программный сторожевой таймер ядра (softdog). Он работает, пока работает ядро: полностью зависший сервер он не перезагрузит, а второй всё равно примет работу. Таймер платы или её контроллера управления надёжнее.",
    "watchdog-stays-armed": "{node}: взведённый {device} отключить уже нельзя (драйвер загружен с nowayout=1): при каждой остановке или перезапуске Corosync, в том числе при --no-fencing и обновлении его пакета, сервер перезагрузится. Загружайте драйвер с nowayout=0 (строка «options ДРАЙВЕР nowayout=0» в /etc/modprobe.d), затем перезагрузите сервер.",
    "watchdog-token-grows": "{node}: с таким token арбитр может отвечать дольше, чем ждёт sbd ({running} с), и при смене таймаутов sbd перезагрузил бы оба сервера; ему нужно {wanted} с. Сначала откажитесь от fencing (live-cluster configure --no-fencing), затем задайте новый token вместе с --{option} {device}.",
    "fencing-disk-missing": "{node}: нет блочного устройства {disk} (--{option}). Диск должен быть виден на обоих головных серверах по одному и тому же пути.",
    "fencing-disk-in-use": "{node}: диск {disk} (--{option}) не пуст (найдено: {found}), а sbd его затёр бы. Укажите пустой диск. Если на нём нет ничего нужного, очистите его сами: wipefs --all {disk}; dd if=/dev/zero of={disk} bs=1M count=1 conv=fsync",
    "fencing-disks-differ": "--{option}: {disk} на двух серверах — не один и тот же диск: метки sbd на нём {first} и {second}. Проверьте подключение SAN; диски различает путь из /dev/disk/by-id.",
    "fencing-disk-times": "{node}: диск {disk} (--{option}) подготовлен для sbd с неподходящими временами: watchdog {watchdog} с, msgwait {msgwait} с. msgwait должно быть хотя бы вдвое больше и не больше {most} с. Очистите диск, и он будет подготовлен заново: dd if=/dev/zero of={disk} bs=1M count=1 conv=fsync",
    # Шаги
    "stage-watchdog": "Перезапуск служб кластера на {node} ради сторожевого таймера",
    "stage-watchdog-rests": "Приостановка fencing на время изменения сторожевых таймеров",
    "step-watchdog-disk": "Подготовить пустой диск {disk} для sbd",
    "step-watchdog-disk-seen": "Диск {disk} — тот же, что подготовил второй сервер",
    "step-watchdog-enabled": "sbd запускается вместе с Corosync",
    "step-watchdog-armed": "Сторожевой таймер взведён",
    "step-watchdog-rests": "Пока не рассчитывать на перезагрузку",
    "step-watchdog-on": "Перезапустить Corosync и Pacemaker вместе с sbd и взвести сторожевой таймер",
    "step-watchdog-off": "Перезапустить Corosync и Pacemaker без sbd",
    "step-watchdog-whole": "Сервер вернулся, и в его базе данных есть всё",
    # Состояние
    "status-watchdog": "Fencing сторожевым таймером: {device} на этом сервере взведён{way}",
    "status-watchdog-not-armed": "Fencing сторожевым таймером: {device} на этом сервере НЕ ВЗВЕДЁН{way}: sbd не работает",
    "watchdog-arbiter": "; решает арбитр",
    "watchdog-disk": "; приказы передаются через {disk}",
    "health-watchdog-not-armed": "сторожевой таймер этого сервера не взведён: sbd не работает, и отрезанный от кластера сервер не перезагрузится. Посмотрите journalctl -u sbd, затем перезапустите службы кластера: systemctl stop pacemaker; systemctl restart corosync; systemctl start corosync-qdevice pacemaker",
    # check --fencing
    "check-watchdog": "сторожевой таймер сервера {node}",
    "check-watchdog-armed": "{device} взведён, sbd работает",
    "check-watchdog-not-armed": "{device} не взведён: sbd здесь не работает. См. journalctl -u sbd",
    "check-watchdog-peer": "там работает Pacemaker, а без sbd он работать не станет; подробности — на том сервере",
    "check-watchdog-peer-away": "этого сервера нет в кластере",
}
