"""Sentences in Russian: what every verb may say."""

TEXTS: dict[str, str] = {
    "label-error": "Ошибка:",
    "label-warning": "Внимание:",
    "command-failed": "{node}: команда «{command}» завершилась с кодом {exit_code}: {output}",
    "root-required": "Нужны права root. Выполните: sudo {command}",
    "interrupted": "Прервано. Ничего не потеряно: запустите ту же команду ещё раз, она продолжит с этого места.",
}
