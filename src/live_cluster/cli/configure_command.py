"""The click command `configure`: its help in the user's language, its words read by `arguments`."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import groupby
from typing import Any

import click

from live_cluster.cli.arguments import Arguments, Inputs, configure_arguments, read_words
from live_cluster.cli.option_names import RUN_OPTIONS
from live_cluster.errors import Problem
from live_cluster.messages import Language, language_of
from live_cluster.model.parameters import PARAMETERS
from live_cluster.model.subjects.network import MEDIA_NODE
from live_cluster.model.subjects.row import Parameter
from live_cluster.model.value_types import Words

Run = Callable[[Arguments, tuple[Problem, ...]], int]

_USAGE = Words("Usage: ", "Использование: ")
_OPTIONS = Words("[OPTION]...", "[ПАРАМЕТР]...")
_RUN_TITLE = Words("This run", "Этот запуск")
_SUMMARY = Words(
    "Bring the whole cluster to the described state.",
    "Привести весь кластер в описанное состояние.",
)
_INTRODUCTION = Words(
    "Before the first run, run `sudo live-configure unlock-configurator` on every server. The first run needs"
    " both head servers and the three floating addresses. Later a setting that is left out stays as it is:"
    " give what changes, or nothing at all. Running the same command again changes nothing.",
    "Перед первым запуском выполните `sudo live-configure unlock-configurator` на каждом сервере. Для первого"
    " запуска нужны оба головных сервера и три плавающих адреса. Потом настройка, которая не указана,"
    " остаётся прежней: укажите то, что меняется, или ничего. Повторный запуск ничего не меняет.",
)
_SECRETS = Words(
    "Passwords: a password on the command line is visible in the process list. Instead, each one can come"
    " from a file (-: standard input; a terminal asks for it) or from an environment variable, for example"
    " --filestorage-password-file FILE or LIVE_CLUSTER_FILESTORAGE_PASSWORD.",
    "Пароли: пароль в командной строке виден в списке процессов. Вместо этого каждый пароль можно взять из"
    " файла (-: со стандартного ввода, в терминале он будет запрошен) или из переменной окружения, например"
    " --filestorage-password-file ФАЙЛ или LIVE_CLUSTER_FILESTORAGE_PASSWORD.",
)
_QUOTES = Words(
    "Values with spaces or special characters need quotes: --default-sip-from-header '\"IVCS\" <sip:…>'",
    "Значения с пробелами и особыми символами берите в кавычки: --default-sip-from-header '\"IVCS\" <sip:…>'",
)
_DEFAULT = Words("Default: {}", "По умолчанию: {}")
_EXAMPLE = """\
sudo live-cluster configure \\
  --head-node-1-ip 192.0.2.1 --head-node-1-secondary-ip 198.51.100.1 \\
  --head-node-2-ip 192.0.2.2 --head-node-2-secondary-ip 198.51.100.2 \\
  --public-ip 192.0.2.100 --public-fqdn video.example.com \\
  --filestorage-ip 192.0.2.101 --database-ip 192.0.2.102 \\
  --filestorage-device /dev/mapper/filestorage --media-node-1-ip 192.0.2.11"""
_EXAMPLE_TITLE = Words("Example", "Пример")


class ConfigureCommand(click.Command):
    """Calls `run` with the arguments and all problems of the input; `before` comes first (A9: root)."""

    def __init__(self, run: Run, *, before: Callable[[], None] | None = None) -> None:
        self._language: Language = language_of(os.environ)
        self._before = before
        super().__init__(
            "configure",
            callback=run,
            params=_completions(),
            help=_SUMMARY.of(self._language),
            add_help_option=False,
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words without click's parser; that one serves the shell's completion only."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        if read_words(args).wants_help:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        if self._before is not None:
            self._before()
        arguments, problems = configure_arguments(args, Inputs.of_process())
        ctx.params = {"arguments": arguments, "problems": problems}
        return []

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Usage, what it does, and the options under their headings."""
        language = self._language
        formatter.write_usage(ctx.command_path, _OPTIONS.of(language), prefix=_USAGE.of(language))
        for text in (_SUMMARY, _INTRODUCTION):
            formatter.write_paragraph()
            formatter.write_text(text.of(language))
        for section, rows in groupby(PARAMETERS, key=lambda row: row.section):
            with formatter.section(section.value.of(language)):
                formatter.write_dl([_help_record(row, language) for row in rows], col_max=36)
        with formatter.section(_RUN_TITLE.of(language)):
            records = [(_spelled(one.name, one.metavar), one.help.of(language)) for one in RUN_OPTIONS]
            formatter.write_dl(records, col_max=36)
        for text in (_SECRETS, _QUOTES):
            formatter.write_paragraph()
            formatter.write_text(text.of(language))
        with formatter.section(_EXAMPLE_TITLE.of(language)):
            formatter.write("".join(f"  {line}\n" for line in _EXAMPLE.splitlines()))


def _help_record(row: Parameter[Any], language: Language) -> tuple[str, str]:
    parts = [row.help.of(language)]
    if row.default:
        parts.append(_DEFAULT.of(language).format(row.default))
    return _spelled(row.name, row.value_type.metavar), " ".join(parts)


def _spelled(name: str, metavar: str) -> str:
    return f"--{name} {metavar}".rstrip()


def _completions() -> list[click.Parameter]:
    """The options as click knows them, for the shell's completion."""
    names = [(row.name, row.is_flag) for row in PARAMETERS if row is not MEDIA_NODE]
    names += [(row.file_option, False) for row in PARAMETERS if row.is_secret]
    names += [(one.name, not one.metavar) for one in RUN_OPTIONS] + [("help", True)]
    return [
        click.Option([f"--{name}"], is_flag=True) if is_flag else click.Option([f"--{name}"])
        for name, is_flag in names
    ]
