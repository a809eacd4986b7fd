"""Rules of the sources that ruff and import-linter cannot check."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import PurePath

import pytest
from sources import Module, called, files, imported, modules

MODULES = modules()
OURS = tuple(one for one in MODULES if not one.name.startswith("tests/"))
LIMIT_LINES, LIMIT_TABLE_LINES, LIMIT_FUNCTION_LINES, LIMIT_PARAMETERS = 400, 700, 60, 5
# A name that says nothing is where everything ends up.
FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "handler",
    "misc",
    "base",
    "stuff",
}
# Everything that starts a process, and the few modules that may.
STARTERS = re.compile(
    r"^(subprocess|pty)(\.|$)|^(asyncio\.)?create_subprocess_|^os\.(system|popen|fork|exec|spawn|posix_spawn)"
)
MAY_START = {
    "bench/stopwatch_program.py",  # runs on a server, measures what it starts
    "packaging/deb_builder/process.py",
    "reference/ivcs_server/first_start.py",  # stands for the vendor's product, once, at its first boot
    "src/live_cluster/remote/early.py",
    "src/live_cluster/remote/executor_program.py",
    "src/live_cluster/remote/local.py",
    "src/live_cluster/remote/local_channel.py",
    "src/live_cluster/remote/share_trial_program.py",  # sent to a head: mounts a share where nobody else sees it
    "src/live_cluster_agent/process.py",
    "src/live_lab/channel.py",  # runs within virtual machines
    "src/live_lab/process.py",
}
MAY_SLEEP = {
    "waiting.py",
    "wait.py",
    "writer.py",
    "history_client.py",
}  # writer.py, history_client.py: clients of the lab write and read so many times a second


def named(chosen: list[Module]) -> list[str]:
    return [one.name for one in chosen]


def starts_with(*folders: str) -> tuple[Module, ...]:
    return tuple(one for one in OURS if one.name.startswith(folders))


def functions(module: Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [one for one in ast.walk(module.tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_there_is_something_to_check() -> None:
    assert len(OURS) > 150
    assert len(MODULES) > len(OURS) + 40


def test_no_module_is_too_long() -> None:
    def limit(module: Module) -> int:
        is_table = "/messages/" in module.name
        return LIMIT_TABLE_LINES if is_table or module.name.startswith("tests/") else LIMIT_LINES

    assert not [f"{one.name}: {one.lines}" for one in MODULES if one.lines > limit(one)]


def test_no_function_is_too_long() -> None:
    found = [
        f"{module.name}:{one.lineno} {one.name}"
        for module in MODULES
        for one in functions(module)
        if (one.end_lineno or one.lineno) - one.lineno + 1 > LIMIT_FUNCTION_LINES
    ]
    assert not found


def test_no_function_takes_too_much() -> None:
    found = []
    for module in OURS:
        for one in functions(module):
            parts = one.args.posonlyargs + one.args.args + one.args.kwonlyargs
            taken = [part.arg for part in parts if part.arg not in ("self", "cls")]
            # The words of a command line arrive as parameters: as many as there are options.
            is_command = any("click" in ast.unparse(decorator) for decorator in one.decorator_list)
            if len(taken) > LIMIT_PARAMETERS and not is_command:
                found.append(f"{module.name}:{one.lineno} {one.name}")
    assert not found


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert not [str(path) for path in files() if path.stem.lower() in FORBIDDEN_NAMES]
    folders = {part for module in MODULES for part in PurePath(module.name).parts[:-1]}
    assert not folders & FORBIDDEN_NAMES


def test_processes_start_in_the_named_modules_only() -> None:
    starting = [
        one.name for one in OURS if any(STARTERS.match(name) for name in (*imported(one), *called(one)))
    ]
    assert set(starting) == MAY_START


def test_only_the_output_module_prints() -> None:
    product = starts_with("src/live_cluster/")
    printing = [
        one for one in product if {"print", "sys.stdout.write", "sys.stderr.write"} & set(called(one))
    ]
    # The executor's answers are its protocol.
    assert set(named(printing)) <= {
        "src/live_cluster/cli/output.py",
        "src/live_cluster/remote/executor_program.py",
    }


def test_only_waiting_sleeps() -> None:
    sleeping = [
        one
        for one in OURS
        if {"time.sleep", "asyncio.sleep"} & set(called(one)) or "from time import sleep" in one.text
    ]
    assert sleeping
    assert not [one.name for one in sleeping if PurePath(one.name).name not in MAY_SLEEP]


# The agent's doors to the world: the simulation puts models behind them. tie_break imports nothing at all.
DOORS = {"files.py", "process.py", "waiting.py", "log.py", "tie_break.py"}
# What Pacemaker hands to an action when it starts it, and arithmetic with names.
WITHIN_THE_AGENT = re.compile(r"os\.(environ|uname|path($|\.(dirname|basename|abspath|realpath)$))")


@pytest.mark.parametrize("module", starts_with("src/live_cluster_agent/"), ids=lambda one: one.name)
def test_the_agent_reaches_the_world_through_its_doors(module: Module) -> None:
    if PurePath(module.name).name in DOORS:
        return
    assert not {"subprocess", "shutil", "socket", "fcntl", "time", "tempfile", "pathlib"} & set(
        imported(module)
    )
    used = {name for name in called(module) if name == "open" or name.startswith(("os.", "datetime.now"))}
    assert not [name for name in used if not WITHIN_THE_AGENT.match(name)]


@pytest.mark.parametrize("module", starts_with("src/live_cluster_agent/"), ids=lambda one: one.name)
def test_the_agent_needs_nothing_but_python(module: Module) -> None:
    own = sys.stdlib_module_names | {"live_cluster_agent"}
    assert not [name for name in imported(module) if name.partition(".")[0] not in own]


def test_programs_sent_to_servers_need_nothing_but_python() -> None:
    first, second = (one for one in OURS if one.name.startswith("src/") and one.name.endswith("_program.py"))
    for program in (first, second):
        assert not [
            name for name in imported(program) if name.partition(".")[0] not in sys.stdlib_module_names
        ]


def test_sources_know_no_machine_but_the_users() -> None:
    """No path of a workplace, no address of a package mirror or registry: the system's own settings say these."""
    # Put together here, so that this file does not hold what it forbids.
    forbidden = ["/" + "work/", "." + "library", "deb." + "debian", "py" + "pi.org", "python" + "hosted"]
    found = [
        f"{path}: {word}"
        for path in files()
        for text in [path.read_bytes()]
        for word in forbidden
        if word.encode() in text
    ]
    assert not found


def test_no_note_to_do_something_later_without_an_issue() -> None:
    mark = re.compile(r"#\s*(TODO|FIXME|XXX|HACK)\b(?!.*#\d)")
    assert not [
        f"{one.name}: {line}" for one in MODULES for line in one.text.splitlines() if mark.search(line)
    ]


def test_every_exception_is_caught_by_name() -> None:
    """A broad `except` may only pass on what it caught."""
    found = []
    for module in OURS:
        for one in ast.walk(module.tree):
            if not isinstance(one, ast.ExceptHandler):
                continue
            is_broad = one.type is None or ast.unparse(one.type) in ("Exception", "BaseException")
            passes_on = any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(one))
            if is_broad and not passes_on:
                found.append(f"{module.name}:{one.lineno}")
    assert not found


def test_no_test_is_skipped() -> None:
    words = re.compile(r"pytest\.(skip|importorskip|xfail)|mark\.(skip|skipif|xfail)")
    here = "tests/architecture/"
    assert not [one.name for one in MODULES if words.search(one.text) and not one.name.startswith(here)]
