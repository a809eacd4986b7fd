"""Every word that `configure` takes as an option, and what it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto
from functools import cache

from live_cluster.cli.settings_file import similar_setting
from live_cluster.model.parameters import PARAMETERS, canonical_name, parameter_named
from live_cluster.model.value_types import Words

CONFIG = "config"
PROFILE = "profile"
PASSPHRASE_FILE = "passphrase-file"  # noqa: S105 - the name of an option
DRY_RUN = "dry-run"
YES = "yes"
JSON = "json"
PRUNE = "prune"
VERBOSE = "verbose"
REMOVE_MEDIA = "remove-media-node"
FORMAT_FILESTORAGE = "format-filestorage"
MIGRATE_FILESTORAGE = "migrate-filestorage"


class Kind(Enum):
    """What becomes of the value."""

    SETTING = auto()
    SECRET_FILE = auto()
    RUN = auto()
    HELP = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionName:
    """One option: `name` is that of the setting, `typed_name` that of the option, without hyphens."""

    kind: Kind
    name: str
    typed_name: str
    metavar: str = ""
    is_secret: bool = False

    @property
    def takes_value(self) -> bool:
        """Switches do not."""
        return bool(self.metavar)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOption:
    """An option that says how to run; an empty metavar makes it a switch."""

    name: str
    metavar: str
    help: Words


RUN_OPTIONS = (
    RunOption(
        name=CONFIG,
        metavar="FILE",
        help=Words(
            "Settings from a TOML file, with the names of the options as keys. Options win over the file.",
            "Взять настройки из файла TOML, ключи — имена параметров. Параметры команды важнее файла.",
        ),
    ),
    RunOption(
        name=DRY_RUN,
        metavar="",
        help=Words(
            "Check everything, show the plan with its impact, touch nothing.",
            "Всё проверить, показать план и его последствия, ничего не менять.",
        ),
    ),
    RunOption(
        name=YES,
        metavar="",
        help=Words("Do not ask for confirmation.", "Не спрашивать подтверждения."),
    ),
    RunOption(
        name=PRUNE,
        metavar="",
        help=Words(
            "Take what live-cluster did not make out of the cluster's configuration: resources, constraints, tags,"
            " alerts, fencing devices. Without it they are named and left alone.",
            "Убрать из конфигурации кластера то, что создал не live-cluster: ресурсы, ограничения, метки,"
            " оповещения, устройства fencing. Без этого параметра они названы и не тронуты.",
        ),
    ),
    RunOption(
        name=VERBOSE,
        metavar="",
        help=Words(
            "Show every step of the plan with its difference, and every step that is done (also -v).",
            "Показать каждый шаг плана с его отличиями и каждый выполненный шаг (также -v).",
        ),
    ),
    RunOption(
        name=JSON,
        metavar="",
        help=Words("Print the result as JSON.", "Вывести результат в формате JSON."),
    ),
    RunOption(
        name=REMOVE_MEDIA,
        metavar="IP[,IP...]",
        help=Words(
            "Take these media servers out of the installation; they need not be reachable. The others keep their"
            " numbers and names.",
            "Исключить эти медиасерверы из состава системы; они могут быть недоступны. Номера и имена остальных не"
            " меняются.",
        ),
    ),
    RunOption(
        name=FORMAT_FILESTORAGE,
        metavar="",
        help=Words(
            "Make an ext4 file system on the device of the file storage, where that is empty on both heads; one"
            " that holds anything is left alone.",
            "Создать файловую систему ext4 на устройстве файлового хранилища, если оно пусто на обоих головных"
            " серверах; устройство с любыми данными не изменяется.",
        ),
    ),
    RunOption(
        name=MIGRATE_FILESTORAGE,
        metavar="",
        help=Words(
            "Move the file storage: copy everything from where it is to --filestorage-device and verify it."
            " Services stop for the last changes only; the former storage is left as it is.",
            "Перенести файловое хранилище: скопировать всё с прежнего места в --filestorage-device и проверить."
            " Службы останавливаются только для последних изменений; прежнее хранилище не изменяется.",
        ),
    ),
    RunOption(
        name=PASSPHRASE_FILE,
        metavar="FILE",
        help=Words(
            "The passphrase of `live-configure unlock-configurator`, from a file (-: standard input).",
            "Парольная фраза от `live-configure unlock-configurator` из файла (-: со стандартного ввода).",
        ),
    ),
    RunOption(
        name=PROFILE,
        metavar="FILE",
        help=Words(
            "Another application profile than the one that is installed; it is kept for later runs.",
            "Профиль приложения вместо установленного; сохраняется для следующих запусков.",
        ),
    ),
)


def option_named(word: str) -> OptionName | None:
    """The option that `word` (with its hyphens, without a value) is, in any accepted spelling."""
    if not word.startswith("--"):
        return _SHORT.get(word)
    typed_name = word[2:]
    fixed = _fixed_options().get(typed_name)
    if fixed is not None:
        return fixed
    name = canonical_name(typed_name)
    row = None if name is None else parameter_named(name)
    if name is None or row is None:
        return None
    return OptionName(
        kind=Kind.SETTING,
        name=name,
        typed_name=typed_name,
        metavar=row.value_type.metavar,
        is_secret=row.is_secret,
    )


def similar_option(bare: str) -> str | None:
    """The option that was probably meant, with its hyphens; None where nothing comes close."""
    fixed = [*_fixed_options()]
    normal = bare.lower().replace("_", "-")
    run_option = next(iter(get_close_matches(normal, fixed, n=1, cutoff=0.7)), None)
    setting = similar_setting(bare)
    if setting is None or normal in fixed:
        return None if run_option is None else f"--{run_option}"
    return f"--{setting}"


_HELP = OptionName(kind=Kind.HELP, name="help", typed_name="help")
_SHORT = {"-h": _HELP, "-v": OptionName(kind=Kind.RUN, name=VERBOSE, typed_name=VERBOSE)}


@cache
def _fixed_options() -> dict[str, OptionName]:
    """The options that are no settings themselves."""
    fixed = {"help": _HELP}
    for one in RUN_OPTIONS:
        fixed[one.name] = OptionName(kind=Kind.RUN, name=one.name, typed_name=one.name, metavar=one.metavar)
    for row in PARAMETERS:
        if row.is_secret:
            fixed[row.file_option] = OptionName(
                kind=Kind.SECRET_FILE, name=row.name, typed_name=row.file_option, metavar="FILE"
            )
    return fixed
