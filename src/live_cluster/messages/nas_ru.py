"""Предложения на русском: файловое хранилище на NAS."""

TEXTS: dict[str, str] = {
    # Что было написано
    "share-name-comma": "{place}: mount.cifs(8) не умеет передавать имя пользователя с запятой. Используйте другую учётную запись NAS.",
    "share-name-long": "{place}: имя пользователя длиннее {limit} байт, которые принимает mount.cifs(8). Используйте другую учётную запись NAS.",
    "share-password-long": "{place}: пароль длиннее {limit} байт, которые принимает mount.cifs(8) (запятая считается за две). Задайте пароль короче.",
    # Что на это говорят серверы
    "share-client-missing": "{node}: для {share} (--{option}) нужен пакет {package}. Установите его там: apt-get install {package}",
    "share-kernel-lacks": "{node}: в работающем ядре нет файловой системы {fstype}, которая нужна для {share} (--{option}). Загрузите ядро Debian; если ядро обновлялось после последней загрузки, перезагрузите сервер.",
    "share-account-missing": "{node}: нет пользователя {owner} или группы {group}, которым принадлежат файлы. Сначала установите продукт на {node}.",
    "share-name-unknown": "{node}: имя {host} (--{option}) там неизвестно ({detail}). Проверьте имя, серверы имён и /etc/hosts на {node}.",
    "share-silent": "{node}: NAS {host} (--{option}) не отвечает на порту {port} ({detail}). Проверьте, включён ли он, его адрес, сеть и межсетевые экраны между ним и {node}.",
    "share-refuses": "{node}: {host} (--{option}) доступен, но его порт {port} никто не слушает. Включите службу на NAS (CIFS/SMB: 445, NFS: 2049) или проверьте адрес.",
    "share-login-wrong": "{node}: NAS {host} не принимает пользователя {user} с этим паролем ({detail}). Проверьте --filestorage-username и --filestorage-password-file; домен пишется так: DOMAIN\\user.",
    "share-login-wrong-guest": "{node}: NAS {host} никого не пускает без имени и пароля ({detail}). Задайте их через --filestorage-username и --filestorage-password-file.",
    "share-not-allowed-cifs": "{node}: NAS {host} принимает имя и пароль, но пользователю {user} нельзя в {share} (--{option}; {detail}). Разрешите это на NAS или укажите другой --filestorage-username.",
    "share-not-allowed-guest": "{node}: NAS {host} не открывает {share} (--{option}) гостям ({detail}). Задайте имя и пароль через --filestorage-username и --filestorage-password-file.",
    "share-not-allowed-nfs": "{node}: NAS {host} не разрешает {node} ({address}) использовать {share} (--{option}). Экспортируйте ресурс на адреса обоих головных серверов для записи: rw,no_root_squash",
    "share-share-missing-cifs": "{node}: NAS {host} отвечает, но {share} на нём нет (--{option}; {detail}). Проверьте имя ресурса на NAS; папка внутри ресурса тоже должна существовать.",
    "share-share-missing-nfs": "{node}: NAS {host} отвечает, но {share} для {node} ({address}) на нём нет (--{option}). Проверьте путь экспорта на NAS и то, что он экспортирован на оба головных сервера.",
    "share-too-old": "{node}: NAS {host} не знает протокола, по которому можно использовать {share} (--{option}; {detail}): нужен SMB 2.1 и новее или NFS версии 4. Включите его на NAS.",
    "share-not-mounted": "{node}: не удаётся смонтировать {share} (--{option}): {detail}",
    "share-not-writable-cifs": "{node}: пользователь {user} может читать {share} (--{option}), но не писать туда ({detail}). Дайте ему на NAS право записи.",
    "share-not-writable-nfs": "{node}: {share} (--{option}) монтируется, но запись невозможна ({detail}). Экспортируйте ресурс для записи и оставьте root головных серверов его права: rw,no_root_squash",
    "share-owner-refused": "{node}: NAS не даёт {node} передать файлы на {share} (--{option}) пользователю {owner}:{group} ({numbers}); они принадлежат {detail}. Экспортируйте ресурс на оба головных сервера с no_root_squash или с all_squash и этими числами в anonuid и anongid.",
    # Шаги
    "step-share-login-former": "Удалить прежние имя и пароль для NAS",
    # Состояние
    "health-nas-silent": "NAS {host} не отвечает: пока это так, файлы нельзя ни прочитать, ни записать. Когда NAS вернётся, всё продолжится само",
    "health-files-fail": "файловое хранилище {resource} смонтировано, но запись в него не удаётся",
    "hazard-nas-unreached": "NAS {host} не отвечает этому серверу: он не смог бы принять файлы",
}
