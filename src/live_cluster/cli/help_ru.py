"""Help of the verbs in Russian, by the English text that stands beside each option and verb."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable

import click

HELP: dict[str, str] = {
    "Show the version and exit.": "Показать версию.",
    "Show this message and exit.": "Показать эту справку.",
    "Turn two head servers into a high-availability pair, and keep them one.": (
        "Собрать из двух головных серверов отказоустойчивый кластер и поддерживать его."
    ),
    "Open this server for live-cluster configure, for one hour at most, or close it again.": (
        "Открыть этот сервер для live-cluster configure, не больше чем на час, или снова закрыть."
    ),
    "Let live-cluster configure in as root until one hour has passed, or the next reboot.": (
        "Впускать live-cluster configure с правами root в течение часа или до перезагрузки."
    ),
    "Read the passphrase from FILE (- is standard input) instead of asking for it.": (
        "Взять парольную фразу из файла (-: со стандартного ввода), а не спрашивать."
    ),
    "Make a new passphrase and print it: the first server.": (
        "Создать новую парольную фразу и показать её: на первом сервере."
    ),
    "Close this server for live-cluster configure at once, and end its connections.": (
        "Сразу закрыть этот сервер для live-cluster configure и завершить его подключения."
    ),
    "Print one JSON document.": "Вывести один документ JSON.",
    "Tell whether this server is open for live-cluster configure, and until when.": (
        "Показать, открыт ли этот сервер для live-cluster configure и до какого времени."
    ),
    "One JSON document instead of text.": "Один документ JSON вместо текста.",
    "One JSON document at the end instead of text.": "В конце один документ JSON вместо текста.",
    "How long to wait for the effect.": "Сколько ждать результата.",
    "Even where users lose the service by it, or where the other head is out of sight and may be serving.": (
        "Даже если пользователи при этом лишатся сервиса или второй головной сервер отсюда не виден и, возможно,"
        " работает."
    ),
    "Even where the other head is out of sight and may be serving.": (
        "Даже если второй головной сервер отсюда не виден и, возможно, работает."
    ),
    "Do not ask.": "Не переспрашивать.",
    "It ends by itself after this: 30m, 2h.": "Режим закончится сам через это время: 30m, 2h.",
    "The head to move to; without it, the other one.": "На какой головной сервер; если не указан — на второй.",
    "How long the order stands, and how long to wait for its effect.": (
        "Сколько действует распоряжение и сколько ждать результата."
    ),
    "Do full-size frames and all signs of life reach the other head by each network?": (
        "Доходят ли по каждой сети до второго головного сервера кадры полного размера и все признаки жизни?"
    ),
    "Does each server's fencing device answer the other server?": (
        "Отвечает ли устройство fencing каждого сервера второму серверу?"
    ),
    "Until when is the installed certificate good?": "До какого числа действует установленный сертификат?",
    "Send one test mail to this address.": "Отправить одно пробное письмо на этот адрес.",
    "Send one test SMS to this number.": "Отправить одно пробное SMS на этот номер.",
    "Another application profile.": "Другой профиль приложения.",
    "Really cut this server's power (with --fencing).": (
        "Действительно отключить питание этого сервера (с --fencing)."
    ),
    "Do not ask before shooting.": "Не переспрашивать перед отключением.",
    "How long until a silent server counts as lost (ms).": "Через сколько молчащий сервер считать потерянным (мс).",
    "How often the token is sent again in that time.": "Сколько раз за это время token посылается повторно.",
    "The passphrase; -: standard input.": "Файл с парольной фразой; -: стандартный ввод.",
    "Show what would be done; touch nothing.": "Показать, что будет сделано; ничего не трогать.",
    "Show the cluster and whether it can lose a server now.": (
        "Показать состояние кластера и можно ли сейчас потерять один из серверов.\n\n"
        "Код завершения: 0 исправен; 190 работает, но терять сервер сейчас нельзя; 1 сервис не работает; "
        "69 ПО кластера здесь не запущено; 105 кластер здесь не настроен."
    ),
    "Start all clustered resources and wait until everything runs.": (
        "Запустить все ресурсы кластера и дождаться, пока всё заработает.\n\n"
        "Сначала сбрасываются записи о прежних сбоях, чтобы уже исправленное ничему не мешало.\n"
        "Код завершения: 0 всё работает; 78 отказано; 113 что-то не запустилось и не запустится; "
        "124 что-то не запустилось вовремя."
    ),
    "Stop all clustered resources on both servers and wait until nothing runs.": (
        "Остановить все ресурсы кластера на обоих серверах и дождаться, пока не останется работающих.\n\n"
        "Они остаются остановленными и после перезагрузки, до `live-cluster start-resources`.\n"
        "Код завершения: 0 остановлены; 78 отказано; 113 что-то не остановится; 124 что-то не остановилось вовремя."
    ),
    "Take a head out of service: everything moves to the other one first, then nothing runs there.": (
        "Вывести головной сервер из работы: сначала всё переходит на второй, потом здесь всё останавливается.\n\n"
        "Так остаётся и после перезагрузки, до `live-cluster online NODE`.\n\n"
        "Код завершения: 0 сделано или уже так; 75 идёт другой запуск; 78 отказано; 107 ответ «нет»; "
        "124 не вовремя."
    ),
    "Let a head take part again, and wait until it is the synchronous standby.": (
        "Вернуть головной сервер в работу и дождаться, пока он станет синхронным резервным.\n\n"
        "Код завершения: 0 сделано или уже так; 75 идёт другой запуск; 78 отказано; 124 не вовремя."
    ),
    "Switch maintenance mode `on` or `off`.": (
        "Включить (`on`) или выключить (`off`) режим обслуживания.\n\n"
        "Пока он включён, Pacemaker оставляет всё как есть, ни за чем не следит и ничего не чинит. Включение и "
        "выключение ничего не перезапускают. С `--for` режим закончится сам, что бы ни случилось с серверами. "
        "На сервере, который не видит второго, `on` без --force не выполняется; `off` работает всегда.\n\n"
        "Код завершения: 0 сделано или уже так; 64 неверные слова; 75 идёт другой запуск; 78 отказано; "
        "107 ответ «нет»; "
        "124 не вовремя."
    ),
    "Move the primary and everything that users see to the other head.": (
        "Перенести ведущую базу данных и всё, что видят пользователи, на второй головной сервер.\n\n"
        "Команда откажет, если тот сервер, с которого всё уходит, сейчас терять нельзя. "
        "Ограничений в кластере не создаётся, поэтому ничего "
        "не остаётся, даже если команда прервётся или сервер откажет на полпути.\n\n"
        "Код завершения: 0 сделано или уже там; 75 идёт другой запуск; 78 отказано; 107 ответ «нет»; "
        "124 не сделано (полностью) вовремя."
    ),
    "Try what `status` can only look at; nothing is changed unless --shoot says so.": (
        "Испытать то, что `status` только показывает; ничего не меняется, если не указан --shoot.\n\n"
        "--mail и --sms работают на том сервере, где работает приложение; одно сообщение отправляется, и только"
        " по требованию.\n\n"
        "Код завершения: 0 всё в порядке; 1 что-то неисправно; 78 проверяемое не настроено; "
        "107 питание не отключено, ответ «нет»; "
        "124 питание отключено, но сервер не вернулся вовремя."
    ),
    "Decide about the data of a head that went another way than the primary's. Run it on that head.": (
        "Решить, что делать с данными головного сервера, которые разошлись с ведущей. "
        "Запускается на этом сервере.\n\n"
        "Ничего не удаляется: отброшенное откладывается, и команда скажет куда.\n\n"
        "Код завершения: 0 сделано или делать нечего; 64 неверные слова; 75 идёт другой запуск; 78 отказано; "
        "107 ответ «нет»; 124 ещё идёт."
    ),
    "Take back what the primary does not have; its WAL is set aside.": (
        "Отмотать назад то, чего нет у ведущей базы; этот WAL откладывается."
    ),
    "A fresh copy of the primary; the old data is set aside whole.": (
        "Новая копия ведущей базы; прежние данные откладываются целиком."
    ),
    "The data of NODE is to be the truth; only while nothing serves.": (
        "Верными считать данные NODE; только когда сервис не работает ни на одном сервере."
    ),
    "Show what would be discarded; touch nothing.": "Показать, что будет отброшено; ничего не трогать.",
    "How long to watch; the repair goes on by itself.": "Сколько наблюдать; восстановление продолжится само.",
    "Tell what happened on the pair: failures, lost servers, takeovers, repairs; the newest comes last.": (
        "Рассказать, что было с парой: сбои, потери серверов, переходы, восстановления; новейшее — в конце.\n\n"
        "Каждый сервер хранит историю обоих, поэтому открывать ничего не нужно. Только о том, что было, пока он "
        "сам отсутствовал, и о перезапусках на месте и восстановлениях базы на втором сервере расскажет второй."
    ),
    "From when on: 2h, 1d12h, 2026-01-31, 2026-01-31T18:00.": (
        "С какого момента: 2h, 1d12h, 2026-01-31, 2026-01-31T18:00."
    ),
    "Only what happened on this server.": "Только то, что было на этом сервере.",
    "Every start and stop of a resource, too.": "Также каждый запуск и останов ресурса.",
    "Decide about the storage of the files.": "Решения о хранилище файлов.",
    "Show both sides of a split-brain of DRBD, and give one up with --keep. Both heads must be unlocked.": (
        "Показать обе стороны split-brain DRBD; с --keep отказаться от одной. Оба сервера должны быть открыты.\n\n"
        "То, что есть только у другого сервера, сохраняется снимком рядом с его диском, если позволяет LVM; если"
        " нет, команда скажет об этом прежде, чем спросить. Прерванный запуск завершает та же команда.\n\n"
        "Код завершения: 0 сделано или разрешать нечего; 64 неверные слова; 69 сервер недоступен; 75 идёт другой"
        " запуск; 78 отказано; 107 ответ «нет»; 124 не сделано вовремя; 190 split-brain есть и только показан."
    ),
    "The head whose files are to stay.": "Головной сервер, чьи файлы остаются.",
    "Show Corosync's time-outs, or change them on both heads without a restart of anything.": (
        "Показать таймауты Corosync или изменить их на обоих головных серверах без перезапусков."
    ),
}


# click's own words, which it takes from no catalogue of ours.
_HEADINGS = {"Options": "Параметры", "Commands": "Команды"}
_USAGE = "Использование: "
_PLACES = (("[OPTIONS]", "[ПАРАМЕТРЫ]"), ("COMMAND [ARGS]...", "КОМАНДА [АРГУМЕНТЫ]..."))


class _RussianFormatter(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        for english, russian in _PLACES:
            args = args.replace(english, russian)
        super().write_usage(prog, args, _USAGE if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        known = [(term, HELP.get(text, text).replace("[default: ", "[по умолчанию: ")) for term, text in rows]
        super().write_dl(known, col_max, col_spacing)


class _RussianContext(click.Context):
    formatter_class = _RussianFormatter


def first_sentence(text: str | None) -> str:
    """What a help text is known by: its first paragraph."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def in_russian(command: click.Command) -> click.Command:
    """The same command with Russian in the place of every help text that is known."""
    shown = copy.copy(command)
    shown.context_class = _RussianContext
    shown.help = _russian(command.help)
    shown.params = [copy.copy(parameter) for parameter in command.params]
    for parameter in shown.params:
        if isinstance(parameter, click.Option):
            parameter.help = _russian(parameter.help)
    return shown


def _russian(text: str | None) -> str | None:
    return HELP.get(first_sentence(text), text)
