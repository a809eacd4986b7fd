"""Sentences (Russian): planned work by the administrator: switchover, standby, maintenance, rejoin, events."""

TEXTS: dict[str, str] = {
    # switchover
    "unknown-head": "{option}: в этом кластере нет головного сервера {name}. Есть: {names}.",
    "switchover-no-primary": "Сейчас у базы данных нет основного сервера, переносить нечего. См. sudo live-cluster status.",
    "switchover-refused": "Сейчас перенести всё на {node} нельзя: {reason}.",
    "switchover-overtaken": "{node} тем временем перестал быть основным: ничего не заказано. См. sudo live-cluster status.",
    "reason-failed-action": "записан сбой ({resource}: {task} на {node}: {reason}). Устраните причину и очистите запись командой crm_resource --cleanup или подождите, пока она устареет",
    "switchover-impact": "Основная база, а с ней все адреса, файлы и службы переходят с {source} на {target}. Перерыв для пользователей — несколько секунд: запись ждёт, открытые соединения рвутся, вызовы через службы приложения прерываются.",
    "switchover-question": "Перенести всё на {target} сейчас?",
    "switchover-checkpoint": "Прошу {node} сделать контрольную точку, чтобы он быстро остановился.",
    "switchover-no-checkpoint": "Контрольной точки нет ({reason}): переключение может занять больше времени.",
    "switchover-interrupted": "Прервано. Если перенос уже начался, Pacemaker доведёт его до конца; от заказа ничего не остаётся. См. sudo live-cluster status.",
    "switchover-already": "Основной сервер уже на {node}: делать нечего.",
    "switchover-done": "Теперь всё работает на {target}, {source} — синхронный резерв. Через {demoted} с {source} перестал быть основным, через {promoted} с им стал {target}, через {services} с работало всё, через {synchronous} с репликация снова стала синхронной.",
    "switchover-not-demoted": "Основной по-прежнему {source}: ничего не перенесено, заказ отозван. См. journalctl -u pacemaker на обоих головных серверах.",
    "switchover-not-promoted": "{source} перестал быть основным, но {node} вовремя не принял эту роль. Pacemaker продолжает сам — с тем сервером, у которого последние данные. См. sudo live-cluster status.",
    "switchover-not-services": "Основной теперь {node}, но там ещё не всё работает. См. sudo live-cluster status.",
    "switchover-not-synchronous": "Всё работает на {node}, но {source} ещё не стал снова синхронным резервом. См. sudo live-cluster status.",
}
