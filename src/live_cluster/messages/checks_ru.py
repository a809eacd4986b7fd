"""Sentences in Russian: reaching servers, and what must hold before anything is touched."""

TEXTS: dict[str, str] = {
    "connection-lost": (
        "{node}: соединение потеряно ({reason}). Проверьте, что сервер работает, и повторите команду: она продолжит с этого места."
    ),
    "server-unreachable": "{node} ({address}): нет соединения: {reason}",
    "not-on-a-head": (
        "Этот сервер не головной: его адреса {addresses}. Запустите команду на сервере, адрес которого указан в "
        "--head-node-1-ip или --head-node-2-ip."
    ),
    "profile-unusable": "Профиль приложения {path} не подходит: {reason}",
    "system-unsupported": "{node}: система {system} не поддерживается. Нужна Debian 12 или 13.",
    "clock-differs": "{node}: часы отличаются на {seconds} с от часов этого сервера. Сначала настройте синхронизацию времени (chrony).",
    "disk-full": "{node}: в {path} свободно только {free_mib} МиБ, нужно хотя бы {need_mib} МиБ. Сначала освободите место.",
    "product-missing": "{node}: {product} установлен не полностью, не хватает: {missing}. Сначала установите его.",
    "service-unit-missing": "{node}: нет юнита {unit}, который профиль называет кластерной службой. Установите его там или исправьте профиль.",
    "service-time-overridden": "{node}: {path} задаёт {setting} для {unit}, и это важнее, чем {key} = {seconds} в профиле. Уберите там эту строку или уберите {key} из профиля: тогда будет действовать время самого юнита.",
    "package-missing": "{node}: не установлен пакет {package}. Установите его: apt-get install {package}",
    "database-versions": (
        "{node}: нужен ровно один кластер PostgreSQL с именем main, найдены версии: {versions}. Смотрите pg_lsclusters."
    ),
    "database-open-to-all": (
        "{node}: межсетевой экран открывает порт {port} для всех (правило в /etc/iptables-config/ipv4/filter.d). live-cluster сам "
        "открывает его для серверов кластера: уберите это правило."
    ),
    "port-taken": "{node}: порт {port} занят программой {process}. Остановите её: порт нужен кластеру.",
    "device-missing": (
        "{node}: {device} (--filestorage-device) на этом сервере не блочное устройство. Оба головных сервера должны видеть один и тот "
        "же LUN под одним именем."
    ),
    "device-not-ext4": (
        "{node}: на {device} (--filestorage-device) нет файловой системы ext4 (найдено: {found}). Если это нужное и пустое "
        "устройство: mkfs.ext4 {device} на одном из серверов, или повторите команду с --format-filestorage"
    ),
    "devices-differ": (
        "Головные серверы видят под --filestorage-device разные диски (UUID {first} и {second}). Оба должны видеть один и тот же LUN."
    ),
    "foreign-cluster": (
        "{node}: сервер уже входит в кластер «{cluster}», ресурсов: {count}; его создал не live-cluster. Сначала выведите сервер из него."
    ),
    "account-differs": (
        "{node}: у учётной записи {user} здесь номера {second} (пользователь:группа), а на первом головном сервере {first}. Файлы общего "
        "хранилища принадлежат номерам: сделайте их одинаковыми (usermod -u, groupmod -g, затем chown её файлов)."
    ),
    "versions-differ": "На головных серверах разные версии {what}: {first} и {second}. Установите на оба одну и ту же.",
    "database-silent": (
        "{node}: база данных не отвечает, а кластер должен продолжить работу именно с её данными. Запустите её "
        "(systemctl start postgresql) и повторите команду."
    ),
    "database-on-other-head": (
        "На {other} в базе есть данные пользователей (строк: {rows}), а база на {node} пуста; кластер продолжил бы с пустой. "
        "Поменяйте местами --head-node-1-ip и --head-node-2-ip, чтобы сервер с данными был первым."
    ),
    "no-room-for-copy": (
        "{node}: для копии базы данных нужно {need_mib} МиБ в /var/lib/postgresql помимо занятого, свободно {free_mib} МиБ."
    ),
    "address-not-here": "{node}: {address} (--{option}) — не адрес этого сервера.",
    "address-not-connected": (
        "{node}: {address} (--{option}) не входит ни в одну из его сетей ({networks}). Плавающий адрес должен быть в сети обоих "
        "головных серверов."
    ),
    "interfaces-differ": (
        "{address} (--{option}): на головных серверах для него разные интерфейсы или сети ({found}). Они должны совпадать."
    ),
    "address-taken": "{address} (--{option}) уже занят (кем: {holder}). Выберите свободный адрес.",
    "ping-target-silent": (
        "{node}: шлюз по умолчанию {address} не отвечает на ping. По нему головной сервер, потерявший второй, судит, не отрезан ли "
        "он сам; без ответа оба могут продолжить работу поодиночке, и принятое одним из них пропадёт. Разрешите шлюзу отвечать на "
        "ping обоих серверов."
    ),
    "head-ping-silent": (
        "{node}: второй головной сервер не отвечает на ping по адресу {address}. Головные серверы должны отвечать друг другу на ping в "
        "каждой сети: по этому сервер отличает отказавший второй сервер от невидимого. Проверьте кабель и фильтры пакетов на обоих "
        "серверах и между ними."
    ),
    "head-not-in-cluster": "{node}: этот головной сервер (ещё или уже) не в кластере. Сначала выполните `live-cluster configure`.",
    "arbiter-package-missing": (
        "{node}: не установлен пакет {package}. Он нужен для арбитра (--arbiter-ip), и с live-configure он не приходит. Установите его там: "
        "apt-get install {package}"
    ),
    "arbiter-without-certificate": (
        "{node}: у corosync-qnetd нет собственного сертификата. Создайте его там: corosync-qnetd-certutil -i -G && "
        "chgrp -R coroqnetd /etc/corosync/qnetd/nssdb"
    ),
    "arbiter-taken": (
        "{node}: этот арбитр (--{option}) уже обслуживает другую пару головных серверов live-cluster ({heads}). Арбитр "
        "обслуживает одну такую пару: выберите другой сервер."
    ),
    "media-server-off": "{node} ({address}) выключен или недоступен: на нём ничего не делается, всё остальное выполняется. Когда он вернётся, откройте на нём доступ и повторите команду или исключите его: --remove-media-node {address}",
    "done-in-part": "Кластер настроен, кроме названных выше медиасерверов. Повторите команду, когда они вернутся.",
}
