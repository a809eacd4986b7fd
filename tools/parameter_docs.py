#!/usr/bin/env python3
"""Write docs/parameters.md and docs/parameters.ru.md from the table of settings; --check says if they are stale."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from live_cluster.cli.option_names import RUN_OPTIONS  # noqa: E402
from live_cluster.cli.settings_file import cluster_toml  # noqa: E402
from live_cluster.messages import Language  # noqa: E402
from live_cluster.model.parameters import PARAMETERS, media_name  # noqa: E402
from live_cluster.model.raw_settings import options  # noqa: E402
from live_cluster.model.subjects.network import MEDIA_NODE  # noqa: E402
from live_cluster.model.subjects.row import Parameter, Section  # noqa: E402
from live_cluster.model.value_types import Words  # noqa: E402

FILES: dict[Language, Path] = {
    "en": ROOT / "docs" / "parameters.md",
    "ru": ROOT / "docs" / "parameters.ru.md",
}

_INTRODUCTION = Words(
    """\
<!-- Made by tools/parameter_docs.py from src/live_cluster/model/parameters.py. Do not edit by hand. -->
# Settings of `live-cluster configure`

([по-русски](parameters.ru.md))

A setting can come from several places; a later one in this list wins:

1. what earlier runs left: `/etc/live-cluster/cluster.toml`, passwords in `/etc/live-cluster/secrets.toml`
   (readable by root only), both on both head servers;
2. `--config FILE`;
3. for passwords: an environment variable, then a file (`--…-file FILE`);
4. the option itself.

**What is left out stays as it is.** The first run needs both head servers and the three floating addresses; a later
one needs only what changes, or nothing. Mail and SMS are turned off with `--external-mail-disable` and
`--smsc-disable`; naming their server again turns them on.

All problems of the input are reported at once, and nothing has been touched then. Values arrive exactly as they are
written; a value with spaces, quotes, `$`, `\\` or `<>` needs the shell's quotes:
`--default-sip-from-header '"IVCS" <sip:ivcs@example.com>'`. A value is one line of text.
""",
    """\
<!-- Создано tools/parameter_docs.py из src/live_cluster/model/parameters.py. Не редактировать вручную. -->
# Параметры `live-cluster configure`

([in English](parameters.md))

Настройку можно задать в нескольких местах; то, что ниже в списке, важнее:

1. то, что осталось от прежних запусков: `/etc/live-cluster/cluster.toml`, пароли — в
   `/etc/live-cluster/secrets.toml` (доступен только root), оба файла на обоих головных серверах;
2. `--config ФАЙЛ`;
3. для паролей: переменная окружения, затем файл (`--…-file ФАЙЛ`);
4. сам параметр.

**Что не указано, остаётся прежним.** Для первого запуска нужны оба головных сервера и три плавающих адреса, потом —
только то, что меняется, или ничего. Почта и SMS отключаются флагами `--external-mail-disable` и `--smsc-disable`;
чтобы включить их снова, достаточно указать адрес сервера.

Обо всех ошибках во входных данных сообщается сразу, и в этом случае ничего не меняется. Значения используются
точно в том виде, в каком они написаны; значение с пробелами, кавычками, `$`, `\\` или `<>` нужно взять в кавычки
командной оболочки: `--default-sip-from-header '"IVCS" <sip:ivcs@example.com>'`. Значение — одна строка текста.
""",
)
_SETTING = Words(
    "| Option | Value | Meaning |\n|---|---|---|", "| Параметр | Значение | Описание |\n|---|---|---|"
)
_MANDATORY = Words("**Needed for the first run.**", "**Обязателен при первом запуске.**")
_DEFAULT = Words("Default: {}.", "По умолчанию: {}.")
_EXAMPLE = Words("Example: {}", "Пример: {}")
_SPELLINGS = Words("Also accepted: {}.", "Допускается и {}.")
_SECRET = Words(
    "Or {} FILE, or the variable {}.",
    "Или {} ФАЙЛ, или переменная {}.",
)
_RUN_TITLE = Words("This run", "Этот запуск")
_SECRETS = Words(
    """\
## Passwords

A password on the command line works, but every user of the server can see it in the process list, and the shell
keeps it in its history; `configure` warns about it. Better:

- `--smsc-password-file FILE`: the text of the file without its last line end. The file should be closed to others
  (`chmod 600`). With `-` the password is read from standard input; on a terminal it is asked for and not shown.
- `LIVE_CLUSTER_SMSC_PASSWORD`: an environment variable. sudo drops variables unless it is told to keep them:
  `sudo --preserve-env=LIVE_CLUSTER_SMSC_PASSWORD live-cluster configure …`. An empty variable counts as not set.
""",
    """\
## Пароли

Пароль можно указать прямо в командной строке, но тогда он виден в списке процессов всем пользователям сервера и
остаётся в истории командной оболочки; `configure` об этом предупреждает. Лучше так:

- `--smsc-password-file ФАЙЛ`: текст файла без последнего перевода строки. Файл должен быть закрыт от других
  пользователей (`chmod 600`). Если вместо файла указать `-`, пароль читается со стандартного ввода; в терминале он
  будет запрошен и на экране не появится.
- `LIVE_CLUSTER_SMSC_PASSWORD`: переменная окружения. sudo не передаёт переменные, если не попросить:
  `sudo --preserve-env=LIVE_CLUSTER_SMSC_PASSWORD live-cluster configure …`. Пустая переменная не учитывается.
""",
)
_FILE = Words(
    """\
## Settings file

`--config FILE` reads TOML: one flat list, the keys are the names of the options, switches are `true`. The file
`/etc/live-cluster/cluster.toml` looks the same and can serve as a start. Passwords may stand in the file if it is
closed to others.

```toml
{}```
""",
    """\
## Файл настроек

`--config ФАЙЛ` читает TOML: один список без разделов, ключи — имена параметров, флаги записываются как `true`. Файл
`/etc/live-cluster/cluster.toml` выглядит так же, его можно взять за основу. В файле могут быть и пароли, если он
закрыт от других пользователей.

```toml
{}```
""",
)


def page(language: Language) -> str:
    """The whole page in one language."""
    parts = [_INTRODUCTION.of(language)]
    for section, rows in groupby(PARAMETERS, key=lambda row: row.section):
        entries = "\n".join(_row(row, language) for row in rows)
        parts.append(f"## {section.value.of(language)}\n\n{_SETTING.of(language)}\n{entries}\n")
    entries = "\n".join(
        f"| {_code(f'--{one.name} {one.metavar}'.rstrip())} | | {one.help.of(language)} |"
        for one in RUN_OPTIONS
    )
    parts.append(f"## {_RUN_TITLE.of(language)}\n\n{_SETTING.of(language)}\n{entries}\n")
    parts.append(_SECRETS.of(language))
    parts.append(_FILE.of(language).format(_sample()))
    return "\n".join(parts)


def _row(row: Parameter[Any], language: Language) -> str:
    meaning = [row.help.of(language)]
    if row.is_mandatory:
        meaning.append(_MANDATORY.of(language))
    if row.default:
        meaning.append(_DEFAULT.of(language).format(_code(row.default)))
    if row.hidden_spellings:
        meaning.append(_SPELLINGS.of(language).format(_code(f"--{row.hidden_spellings[0]}")))
    if row.is_secret:
        names = _code(f"--{row.file_option}"), _code(row.environment_variable)
        meaning.append(_SECRET.of(language).format(*names))
    if not row.is_flag:
        meaning.append(_EXAMPLE.of(language).format(_code(row.example)))
    wanted = row.value_type.wanted.of(language).replace("|", "\\|")
    return f"| {_code(f'--{row.name}')} | {wanted} | {'<br>'.join(meaning)} |"


def _code(text: str) -> str:
    """Code in a table of Markdown, where a bar would begin the next cell."""
    return f"`{text}`".replace("|", "\\|")


def _sample() -> str:
    """A settings file of what this version can apply, without the header of stored files."""
    names = {row.name: media_name(1) if row is MEDIA_NODE else row.name for row in PARAMETERS}
    text = cluster_toml(options({names[row.name]: row.example for row in PARAMETERS}))
    return text[text.index(f"# {Section.HEADS.value.en}") :]


def main(arguments: list[str]) -> int:
    """Write the pages; with --check only say which are stale (exit code 1)."""
    stale = [
        (path, page(language))
        for language, path in FILES.items()
        if not path.exists() or path.read_text(encoding="utf-8") != page(language)
    ]
    for path, text in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)}: {'stale' if '--check' in arguments else 'written'}\n")
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
