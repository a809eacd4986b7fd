"""What the pages say, in Russian. `{}` stands for anything, `{said}` for a text that is translated as well."""

PAGES = {
    "Overview": "Обзор",
    "Domains": "Домены",
    "SIP and H.323": "SIP и H.323",
    "License": "Лицензия",
    "SSL": "SSL",
    "Mail": "Почта",
    "SMS": "SMS",
    "Media servers": "Медиасерверы",
    "Conferences": "Конференции",
    "Files": "Файлы",
    "Password": "Пароль",
}
WORDS = {
    "A number, or a name of up to 11 Latin letters.": "Номер или имя до 11 латинских букв.",
    "A password is set. Left empty, it stays.": "Пароль задан. Пустое поле его не меняет.",
    "A port of its own may follow: mail.example.org:25": "После имени можно указать порт: mail.example.org:25",
    "Add": "Добавить",
    "Add a media server": "Добавить медиасервер",
    "Address": "Адрес",
    "Administration": "Администрирование",
    "Answered by": "Отвечает сервер",
    "Certificate": "Сертификат",
    "Change the password": "Сменить пароль",
    "Create a conference": "Создать конференцию",
    "Created (UTC)": "Создана (UTC)",
    "Database": "База данных",
    "Empty: the user name, or ivcs@ and the host name.": "Пусто: имя пользователя или ivcs@ и имя сервера.",
    "File": "Файл",
    "File storage": "Файловое хранилище",
    "For the server instance": "Для экземпляра сервера",
    "Forced instance id": "Заданный идентификатор экземпляра",
    "Holder": "Владелец",
    "IVCS reference": "Эталон IVCS",
    "IVCS reference application": "Эталонное приложение IVCS",
    "Install": "Установить",
    "Install a license": "Установить лицензию",
    "Issuer": "Издатель",
    "License file": "Файл лицензии",
    "Log in": "Войти",
    "Log out": "Выйти",
    "Media server": "Медиасервер",
    "Name": "Имя",
    "Names": "Имена",
    "New password": "Новый пароль",
    "New password again": "Новый пароль ещё раз",
    "No password is set.": "Пароль не задан.",
    "Old password": "Старый пароль",
    "Open it again": "Откройте её заново",
    "Please wait": "Подождите",
    "Port": "Порт",
    "Public address": "Публичный адрес",
    "Refused": "Отказано",
    "Remove": "Удалить",
    "SMPP 3.4 allows 8 characters.": "SMPP 3.4 допускает 8 символов.",
    "SMS centre (SMSC)": "SMS-центр (SMSC)",
    "Save": "Сохранить",
    "Send SMS": "Отправлять SMS",
    "Send a test": "Отправить проверочное сообщение",
    "Send mail": "Отправлять почту",
    "Sender": "Отправитель",
    "Server": "Сервер",
    "Server instance id": "Идентификатор экземпляра сервера",
    "Start": "Начало",
    "State": "Состояние",
    "Store": "Сохранить файл",
    "Stored": "Сохранённые файлы",
    "Subject": "Кому выдан",
    "Ten characters or more.": "Не меньше десяти символов.",
    "The newest": "Последние",
    "The server that made this page": "Сервер, который создал эту страницу",
    "To": "Кому",
    "Turn off": "Отключить",
    "Turn on": "Включить",
    "User name": "Имя пользователя",
    "User name (system_id)": "Имя пользователя (system_id)",
    "Valid from": "Действует с",
    "Valid until": "Действует до",
    "Web address": "Веб-адрес",
    "any": "любого",
    "cannot be read": "не читается",
    "conferences": "конференции",
    "default domain": "домен по умолчанию",
    "files": "файлы",
    "forced, the same on both heads": "задан, один на обоих головных серверах",
    "health": "состояние",
    "healthy": "всё работает",
    "installed {} UTC": "установлен {} UTC",
    "media servers": "медиасерверы",
    "none": "нет",
    "not the product itself": "не сам продукт",
    "of this server only": "только этого сервера",
    "off": "отключено",
    "reachable": "доступен",
    "self-signed": "самоподписанный",
    "something is missing": "чего-то не хватает",
    "turned off": "отключён",
    "unknown": "ещё не известно",
    "unreachable": "недоступен",
    "until {} ({} days)": "до {} (дней: {})",
    "valid": "действительна",
    "{} days": "дней: {}",
    "{} of {} answer": "отвечают {} из {}",
    "{} on no media server": "без медиасервера: {}",
    "Outgoing SIP proxy": "Исходящий SIP-прокси",
    "Default SIP From header": "SIP-заголовок From по умолчанию",
    "Default H.323 From header": "H.323-заголовок From по умолчанию",
}
ADVICE = {
    "A media server does not answer: its conferences move to the others, and new ones begin there. See that it"
    " has power and network, and that ivcs-media runs on it: systemctl status ivcs-media.": (
        "Медиасервер не отвечает: его конференции переходят на другие, там же начинаются и новые. Проверьте "
        "на нём питание, сеть и службу ivcs-media: systemctl status ivcs-media."
    ),
    "Certificate and key are installed on both heads, for web, SIP and H.323 alike, by:": (
        "Сертификат и ключ устанавливает на оба головных сервера, сразу для веб-страницы, SIP и H.323, "
        "команда:"
    ),
    "Each is asked once a second, and is unreachable after three failures in a row. This page shows the "
    "moment at which it was opened.": (
        "Каждый опрашивается раз в секунду и считается недоступным после трёх неудач подряд. Страница "
        "показывает состояние на момент, когда её открыли."
    ),
    "Empty: every server has its own, and a license that is bound to one holds on that head only.": (
        "Пусто: у каждого сервера свой, и привязанная к нему лицензия действует только на этом головном "
        "сервере."
    ),
    "Something that this page needs cannot be reached now. The page asks again by itself.": (
        "Сейчас недоступно то, без чего эту страницу не показать. Она обновится сама."
    ),
    "See then whether what you sent was saved, before you send it again.": (
        "Прежде чем отправлять ещё раз, посмотрите, сохранилось ли отправленное."
    ),
    "The certificate of this server cannot be read.": "Сертификат этого сервера не читается.",
    "The installation wrote the first password to /etc/ivcs/initial-admin-password; that of the first "
    "head counts. As root on the active head, /usr/lib/ivcs/ivcs-admin set-password sets another one.": (
        "Первый пароль записан при установке в /etc/ivcs/initial-admin-password; действует пароль первого"
        " головного сервера. Другой задаёт root на активном головном сервере: /usr/lib/ivcs/ivcs-admin "
        "set-password."
    ),
    "The name under which users open the web page: it has to be in the certificate and in DNS.": (
        "Имя, под которым пользователи открывают веб-страницу: оно должно быть в сертификате и в DNS."
    ),
    "This form did not come from a page of your session.": (
        "Эта форма отправлена не со страницы вашего сеанса."
    ),
    "This is not the product itself. It is a small open application with the services, database and file "
    "storage of a head server, so that the cluster beneath it can be shown and tested.": (
        "Это не сам продукт, а небольшое открытое приложение с теми же службами, базой данных и файловым "
        "хранилищем, что у головного сервера, чтобы показывать и проверять кластер под ним."
    ),
    "What is saved counts. The answer may take half a minute.": (
        "По сохранённым настройкам. Ответ может занять полминуты."
    ),
    "external file storage {}, share {}, at {}": "внешнее файловое хранилище {}, ресурс {}, подключено в {}",
    "live-cluster configure adds media servers with all that they need: hosts files, firewall, access to "
    "the file storage.": (
        "live-cluster configure добавляет медиасерверы со всем, что им нужно: файлы hosts, межсетевой "
        "экран, доступ к файловому хранилищу."
    ),
    "<CONFERENCE_ID> stands for the number of the conference.": "<CONFERENCE_ID> означает номер конференции.",
    "{} conferences run on no media server: none could be reached.": (
        "Конференций без медиасервера: {}; ни один не был доступен."
    ),
}
MESSAGES = {
    "The web address is saved.": "Веб-адрес сохранён.",
    "The settings are saved.": "Настройки сохранены.",
    "The license is installed and valid.": "Лицензия установлена и действительна.",
    "The license is installed, but it does not hold: {said}.": (
        "Лицензия установлена, но не действует: {said}."
    ),
    "The server instance id is saved.": "Идентификатор экземпляра сервера сохранён.",
    "The mail settings are saved.": "Настройки почты сохранены.",
    "The SMS settings are saved.": "Настройки SMS сохранены.",
    "The media server {} is added.": "Медиасервер {} добавлен.",
    "The media server is changed.": "Медиасервер изменён.",
    "The conference {} is created.": "Конференция {} создана.",
    "{} is stored.": "Файл {} сохранён.",
    "The password is changed.": "Пароль изменён.",
    "{} took one message for +{}, with the id {}": "{} принял одно сообщение для +{}, идентификатор {}",
    "{} took one message for {}": "{} принял одно сообщение для {}",
}
PROBLEMS = {
    "Wrong name or password.": "Неверное имя или пароль.",
    "“{said}” has to be one line of {} letters at most.": "«{said}»: одна строка, не больше {} символов.",
    "“{said}” has to be filled in.": "Поле «{said}» нужно заполнить.",
    "“{said}” has to be a number from 1 to 65535.": "«{said}»: число от 1 до 65535.",
    "No file was chosen.": "Файл не выбран.",
    "The file is larger than {} KiB.": "Файл больше {} КиБ.",
    "Nothing was chosen.": "Ничего не выбрано.",
    "A file name has letters, digits, blanks and . _ @ + -, and begins with a letter or digit.": (
        "Имя файла состоит из букв, цифр, пробелов и . _ @ + - и начинается с буквы или цифры."
    ),
    "The old password is wrong.": "Старый пароль неверен.",
    "The new password has to have {} characters, and the same twice.": (
        "Новый пароль: не меньше {} символов и дважды одинаково."
    ),
    "no license is installed": "лицензия не установлена",
    "this is no license file of the reference application": "это не файл лицензии эталонного приложения",
    "the signature does not fit: the file was changed or damaged": (
        "подпись не подходит: файл изменён или повреждён"
    ),
    "it expired on {}": "срок действия истёк {}",
    "it is for the server instance {}, and this one is {}": "она для экземпляра {}, а этот сервер {}",
    "it does not answer": "не отвечает",
    "Connection refused": "в соединении отказано: служба не запущена",
    "No route to host": "нет связи с сервером",
    "the file storage does not answer": "файловое хранилище не отвечает",
    "the database does not answer": "база данных не отвечает",
    "all connections to the database are busy": "все соединения с базой данных заняты",
    "no answer in time; the change may or may not have been made": (
        "ответа нет вовремя; сделано ли изменение, неизвестно"
    ),
    "mail is turned off": "отправка почты отключена",
    "no mail server is set": "почтовый сервер не задан",
    "SMS is turned off": "отправка SMS отключена",
    "no SMSC is set": "SMS-центр не задан",
    "SMPP 3.4 allows {} characters of ASCII for the {said}": "SMPP 3.4 допускает {} символов ASCII: {said}",
    "user name": "имя пользователя",
    "password": "пароль",
    "sender": "отправитель",
    '"{}" is not one mail address': "«{}» не почтовый адрес",
    '"{}" is not a telephone number such as +79001234567': "«{}» не номер телефона вида +79001234567",
    '"{}" is no mail server: the port must be a number from 1 to 65535': (
        "«{}» не почтовый сервер: порт должен быть числом от 1 до 65535"
    ),
    "the server offers no encryption (STARTTLS), so it is not told the password": (
        "сервер не предлагает шифрования (STARTTLS), поэтому пароль ему не передаётся"
    ),
    "its certificate is made out to another server ({}); name it as its certificate does": (
        "его сертификат выдан другому серверу ({}); укажите имя из сертификата"
    ),
    "its certificate is not valid now ({}); renew it there, and look at this server's clock": (
        "его сертификат сейчас не действует ({}); обновите его там и проверьте часы этого сервера"
    ),
    "its certificate is not trusted ({}); put that of its authority into /usr/local/share/ca-certificates and "
    "run update-ca-certificates": (
        "его сертификату нет доверия ({}); положите сертификат удостоверяющего центра в "
        "/usr/local/share/ca-certificates и выполните update-ca-certificates"
    ),
    "the name is not known here ({}); see the DNS settings of both heads": (
        "имя здесь неизвестно ({}); проверьте настройки DNS обоих головных серверов"
    ),
    "it does not answer; see address, port and the firewalls between": (
        "не отвечает; проверьте адрес, порт и межсетевые экраны на пути"
    ),
    "Connection refused: nothing listens there; see address and port": (
        "в соединении отказано: там ничего не слушает; проверьте адрес и порт"
    ),
    "the recipient is refused: {}": "получатель отклонён: {}",
    "refused: {}": "отказ: {}",
    "{} ended the connection, or did not answer in time": "{} оборвал соединение или не ответил вовремя",
    "{}:{}: {said}": "{}:{}: {said}",
}
TEXTS = PAGES | WORDS | ADVICE | MESSAGES | PROBLEMS
