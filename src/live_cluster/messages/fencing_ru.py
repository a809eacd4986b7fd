"""Предложения на русском: fencing."""

TEXTS: dict[str, str] = {
    # Что было написано
    "fencing-quotes": "{place}: {value}: кавычки не закрыты ({detail}). Пишите как в shell, одним словом: 'fence_ipmilan ip=192.0.2.201 username=admin'.",
    "fencing-no-agent": "{place}: первым должно стоять имя агента fencing, например fence_ipmilan, а не «{detail}». За ним параметры: 'fence_ipmilan ip=192.0.2.201 username=admin'.",
    "fencing-no-pair": '--{option}: «{word}» — не ИМЯ=ЗНАЧЕНИЕ. Значения с пробелами берите в кавычки: имя="значение с пробелом".',
    "fencing-password-inside": "--{option}: {parameter} здесь не место: его увидит каждый, кто видит команду или настройки. Задайте его через --{option}-password-file ФАЙЛ.",
    "fencing-parameter-ours": "--{option}: {parameter} задаёт сам live-cluster. Уберите этот параметр.",
    "fencing-parameter-twice": "--{option}: {parameter} указан дважды. Укажите один раз.",
    "fencing-value-empty": "--{option}: у {parameter} нет значения. Укажите его или уберите параметр.",
    "fencing-same-device": "--{option} совпадает с --{other}: одно устройство отключит один и тот же сервер. У каждого головного сервера должно быть своё.",
    # Что на это говорят серверы
    "fencing-agent-missing": "{node}: агент {agent} (--{option}) не установлен. Установите его там: apt-get install fence-agents",
    "fencing-ipmitool-missing": "{node}: агенту {agent} (--{option}) нужна программа {path}. Установите её там: apt-get install ipmitool",
    "fencing-parameter-unknown": "--{option}: у {agent} нет параметра {parameter}. Список: {agent} -o metadata",
    "fencing-parameter-unknown-similar": "--{option}: у {agent} нет параметра {parameter}; возможно, имелся в виду {similar}. Список: {agent} -o metadata",
    "fencing-parameter-missing": "--{option}: агенту {agent} нужен параметр {parameter}. Список: {agent} -o metadata",
    "fencing-choice": "--{option}: {parameter}={value}: {agent} принимает одно из: {choices}.",
    "fencing-not-boolean": "--{option}: {parameter}={value}: {agent} принимает 1 или 0.",
    "fencing-not-integer": "--{option}: {parameter}={value}: {agent} принимает целое число.",
    "fencing-not-second": "--{option}: {parameter}={value}: {agent} принимает число секунд.",
    "fencing-password-useless": "--{option}: {agent} не умеет получать пароль от программы, его пришлось бы писать открыто. Уберите пароль или выберите другой агент.",
    "fencing-silent": "{node}: устройство fencing сервера {head} (--{option}) отвечает не так, как нужно: {answer}. Проверьте его адрес, имя пользователя, пароль и сеть между {node} и устройством, затем повторите команду. Fencing не изменён.",
    "fencing-other-machine": "{node}: устройство fencing сервера {head} (--{option}) сообщает, что его сервер выключен, но {head} работает. Это устройство другого сервера: проверьте адрес. Fencing не изменён.",
    # Шаги
    "stage-fencing": "Опрос устройств fencing",
    "step-fencing-answers": "Опросить устройство fencing сервера {head}",
    # Состояние
    "status-fencing": "Fencing включён: {devices}",
    "status-fencing-off": "Fencing: не настроен",
    "status-fencing-none": "Fencing: включён, но не задано ни одного устройства",
    "fencing-device-runs": "{device} (за ним следит {node})",
    "fencing-device-failed": "{device} НЕИСПРАВНО",
    "fencing-device-stopped": "{device} НЕ РАБОТАЕТ",
    "status-fencing-failed": "Отключить питание не удалось: {action} {target}, {when}{reason}",
    "health-fencing-device": "устройство fencing сервера {node} ({device}) не работает. При потере {node} ресурсы не перейдут на другой сервер, пока не подтверждено, что питание {node} отключено: см. sudo live-cluster check --fencing",
    "health-fencing-no-device": "fencing включён, но не задано ни одного устройства: после потери сервера его ресурсы никуда не перейдут. Настройте: sudo live-cluster configure --head-node-1-fencing … --head-node-2-fencing …",
}
