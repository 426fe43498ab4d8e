from __future__ import annotations

import errno
import os
import subprocess
import sys

import click
import pytest

from oddjet.cli.main import main
from oddjet.cli.main import oddjet as group
from oddjet.runs.errors import UserError
from oddjet.studies.reading import STUDIES

HEAVY = ("torch", "onnxruntime", "onnx", "matplotlib", "pyhf", "awkward", "pythia8mc")


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "oddjet", *arguments],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture
def command_that(monkeypatch):
    """Give the group a command that raises an error."""

    def add(error):
        @click.command("fail")
        def fail():
            raise error

        monkeypatch.setitem(group.commands, "fail", fail)

    return add


def test_help_is_light():
    code = (
        "import sys\n"
        "from oddjet.cli.main import main\n"
        "assert main(['--help']) == 0\n"
        f"print([m for m in {HEAVY} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: oddjet [OPTIONS] COMMAND")
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_is_the_command():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("oddjet ")


def test_the_help_lists_commands_as_they_are_needed(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    lines = shown.partition("Commands:\n")[2].splitlines()
    listed = [line.split()[0] for line in lines]
    assert listed == list(group.commands)
    assert not any(line.endswith("...") for line in lines)


def test_the_help_of_studies_has_a_line_for_each(capsys):
    assert main(["study", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    begun = [line.split()[1] for line in lines if line.startswith("  study: ")]
    assert begun == list(STUDIES)


def test_no_words_give_the_help():
    done = run()
    assert done.returncode == 2
    assert "Commands:" in done.stderr
    assert "simulate" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serach"], "no such command 'serach'"),
        (["--fast"], "no such option"),
        (["simulate"], "missing argument 'PROCESS' (see oddjet simulate --help)"),
        (["simulate", "x", "-o", "y"], "missing option '-n' / '--num-events' (see"),
        (["simulate", "x", "-n", "0"], "invalid value for '-n' / '--num-events': 0 is"),
        (["simulate", "x", "-n", "1", "-o", "."], "File '.' is a directory"),
    ],
)
def test_wrong_usage_is_one_sentence(capsys, arguments, sentence):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("oddjet: ")
    assert sentence in error
    assert "--help)" in error
    assert error.count("\n") == 1


def test_a_user_error_is_its_sentence(capsys, command_that):
    command_that(UserError("a.parquet: no muons; give a file that has"))
    assert main(["fail"]) == 2
    assert capsys.readouterr().err == (
        "oddjet: a.parquet: no muons; give a file that has\n"
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_130(capsys, command_that, error):
    command_that(error)
    assert main(["fail"]) == 130
    assert capsys.readouterr().err.strip() == "oddjet: interrupted"


def test_a_full_disk_is_no_bug(capsys, command_that):
    command_that(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a.parquet"))
    assert main(["fail"]) == 2
    assert capsys.readouterr().err == (
        "oddjet: no space left on device (a.parquet); make room and repeat the "
        "command\n"
    )
    command_that(MemoryError())
    assert main(["fail"]) == 2
    assert "too little memory" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ZeroDivisionError("cucumber"), FileNotFoundError(2)])
def test_everything_else_is_a_bug_with_its_traceback(capsys, command_that, error):
    command_that(error)
    assert main(["fail"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert type(error).__name__ in lines[-2]
    assert lines[-1] == "oddjet: this is a bug of oddjet, please report it"
