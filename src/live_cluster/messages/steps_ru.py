"""Sentences in Russian: the plan, its steps, the run."""

TEXTS: dict[str, str] = {
    "connecting": "Осматриваю серверы ({count}) …",
    "plan-title": "Будет сделано, шагов: {count}",
    "plan-in-full": "Каждый шаг с отличиями: та же команда с --dry-run. По мере выполнения: --verbose.",
    "plan-impact": "Самое заметное для пользователей: {impact}.",
    "impact-none": "никто не заметит",
    "impact-reload": "служба перечитает настройки",
    "impact-restart": "служба перезапустится",
    "impact-failover": "служба перейдёт на другой головной сервер",
    "impact-outage": "служба будет некоторое время недоступна",
    "impact-replaces-data": "данные на этом сервере будут отложены и заменены",
    "split-brain-possible": (
        "Нет ни арбитра (--{option}), ни fencing. Если головные серверы потеряют связь друг с другом, но оба останутся доступны пользователям, "
        "активными станут оба (split-brain), и данные, принятые за это время одним из них, пропадут. Арбитром может быть медиасервер."
    ),
    "ask-replace-data": (
        "В базе данных на {node} есть собственные данные, или она не отвечает. Они будут отложены на этом сервере (не удалены) и заменены "
        "копией базы с {first}. Продолжить?"
    ),
    "declined": "Ничего не изменено: вы ответили «нет».",
    "cannot-ask": "{question} Спросить не у кого (нет терминала): чтобы согласиться, повторите команду с --yes.",
    "nothing-to-do": "Делать нечего: кластер уже в описанном состоянии ({seconds} с).",
    "dry-run-ends": "Пробный запуск: ничего не изменено.",
    "run-summary": "Шагов выполнено: {changed}, уже было сделано: {unchanged}. Время: {seconds} с.",
    "what-next": (
        "Кластер настроен. Посмотреть: live-cluster status. Затем закройте доступ на каждом сервере: "
        "live-configure lock-configurator"
    ),
    "run-failed": "Шагов с ошибкой: {failed}, не начато: {left}. Сделанное остаётся; устраните причину, и та же команда продолжит с этого места.",
    "run-in-progress": "{node}: уже идёт другой запуск ({holder}). Дождитесь его конца и повторите команду.",
    "history-not-written": "{node}: не удалось записать отчёт о запуске в {path}: {reason}.",
    "file-failed": "{node}: не удалось записать {path}: {reason}. Устраните причину и повторите команду.",
    "service-fails-everywhere": "Служба {resource} не запускается ни на одном сервере ({nodes}). Её последние слова: {words}. Остальное продолжает работать. Устраните причину (journalctl -u {unit} на каждом сервере) и повторите команду.",
    "step-without-effect": (
        "{node}: «{step}» — не произошло за {seconds} с. Последнее, что видно: {seen}. Смотрите `live-cluster status` и "
        "`journalctl -u pacemaker` на этом сервере, затем повторите команду: она продолжит с этого места."
    ),
    "step-progress": "{state}, {percent} % ({mib} МиБ)",
    "seconds": "{number} с",
    "step-file": "Записать {path}",
    "step-file-absent": "Убрать {path}",
    "step-folder": "Создать папку {path}",
    "step-hostname": "Назвать сервер {name}",
    "step-service-handed-over": "Передать {unit} под управление кластера",
    "step-service-running": "Запустить {units}, сейчас и при загрузке",
    "step-smb-account": "Завести учётную запись файлового хранилища {user}",
    "step-storage-owner": "Передать {path} пользователю {owner}",
    "step-database-handed-over": "Передать {unit} под управление кластера",
    "step-database-copy-requested": "Отложить базу данных и скопировать базу с {first}",
    "step-replication-role": "Завести роль базы данных {role}",
    "step-corosync-reload": "Corosync перечитает настройки",
    "step-default-cluster-stopped": "Остановить кластер из одного сервера, созданный при установке пакета",
    "step-first-cib": "Подготовить первый запуск Pacemaker",
    "step-members-online": "Дождаться, пока оба головных сервера будут в сети",
    "step-arbiter-knows-heads": "Сообщить арбитру сертификат головных серверов",
    "step-arbiter-running": "Запустить corosync-qnetd, сейчас и при загрузке",
    "step-arbiter-certificates": "Создать базу сертификатов для связи с арбитром",
    "step-arbiter-votes": "Запустить corosync-qdevice, сейчас и при загрузке, и дождаться голоса {address}",
    "step-arbiter-left": "Перестать обращаться к прежнему арбитру",
    "step-arbiter-retired": "Перестать быть арбитром",
    "step-cib": "Настроить ресурсы кластера",
    "step-database-promoted": "Дождаться, пока у базы данных появится ведущий сервер",
    "step-resources-running": "Дождаться, пока заработают все ресурсы",
    "step-standby-synchronous": "Дождаться, пока резервная база данных получит все данные и станет синхронной",
    "stage-prepare": "Подготовка серверов",
    "stage-hand-over": "Передача служб под управление кластера",
    "stage-arbiter-left": "Отказ от прежнего арбитра",
    "stage-arbiter": "Получение голоса арбитра",
    "stage-start": "Запуск Corosync и Pacemaker",
    "stage-members": "Сборка кластера",
    "stage-resources": "Настройка ресурсов",
    "stage-database": "Запуск базы данных",
    "stage-replication": "Подготовка репликации",
    "stage-complete": "Запуск всего остального",
    "stage-storage": "Подготовка файлового хранилища, ожидание резервной базы",
    "stage-former": "Очистка удалённых медиасерверов",
    "step-sessions-ended": "Завершить соединения {addresses} с базой данных и файловым хранилищем",
    "stage-settings": "Сохранение настроек",
    "corosync-silent": "Corosync на этом сервере не работает. Запустите: systemctl start corosync pacemaker",
    "timeouts-now": "token: {token} мс, повторяется до {retransmits} раз, каждые {interval} мс\nconsensus: {consensus} мс\nПропавший сервер будет замечен примерно через {noticed} с; службы ожидаются на другом через 0,75*token+token = {total} с.",
}
