"""Sentences (Russian): the files' mirrored disk (DRBD) in status."""

TEXTS: dict[str, str] = {
    "status-drbd": "Файлы (DRBD): связь есть; {node}: {role}, {disk}; {peer}: {peer_role}, {peer_disk}",
    "status-drbd-apart": "Файлы (DRBD): связи НЕТ ({connection}); {node}: {role}, {disk}; записано здесь с тех пор: {differs}; о {peer} ничего не известно",
    "status-drbd-split-brain": "Файлы (DRBD): SPLIT-BRAIN ({connection}): оба сервера писали независимо друг от друга; {node}: {role}, {disk}; записано здесь с тех пор: {differs}. Обе стороны показывает sudo live-cluster filestorage resolve",
    "status-drbd-resync": "Файлы (DRBD): копия на {node} приводится к актуальному состоянию: {progress}",
    "drbd-resync-begins": "только начинается",
    "drbd-resync": "готово {percent} %, осталось {left} МиБ",
    "drbd-resync-until": "готово {percent} %, осталось {left} МиБ, примерно {remaining} до конца",
    "health-drbd-not-promoted": "диск с файлами не используется ни на одном сервере ({resource} нигде не ведущий): смотрите неудачные действия и journalctl -u pacemaker",
    "health-drbd-split-brain": "оба сервера писали файлы независимо друг от друга (split-brain DRBD), и у каждого есть то, чего нет у другого: посмотрите на обе стороны и выберите командой sudo live-cluster filestorage resolve",
    "health-drbd-stopped": "DRBD не работает на {node}, поэтому файлы туда не зеркалируются",
    "health-drbd-inconsistent": "копия файлов на {node} неполная (Inconsistent): прерванная синхронизация продолжится, когда серверы снова соединятся",
    "health-drbd-outdated": "копия файлов на {node} устарела: восстановите сеть репликации, дальше она догонит сама",
    "health-drbd-diskless": "{node} потерял диск со своей копией файлов ({disk}): смотрите там dmesg, замените диск и подключите его: drbdadm attach",
    "health-drbd-disk": "копия файлов на {node} не актуальна ({disk})",
    "health-drbd-resync": "копия файлов на {node} ещё приводится к актуальному состоянию ({progress})",
    "health-drbd-stands-alone": "DRBD больше не пытается соединить серверы (StandAlone), и копия файлов на {node} отстаёт: обнаружен split-brain или связь разорвали вручную. Смотрите: sudo live-cluster filestorage resolve",
    "health-drbd-disconnected": "файлы сейчас не зеркалируются на {node} (DRBD: {connection}): проверьте сеть репликации и DRBD на {node}",
    "health-drbd-unknown": "не обе копии файлов актуальны ({disk} и {peer_disk}), и есть ли актуальная на {node}, отсюда не видно",
    "hazard-drbd-elsewhere": "ведущая база данных на {node}, а единственная актуальная копия файлов на {other} ({node}: {disk})",
}
