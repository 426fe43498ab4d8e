"""The command `oddjet`: its subcommands, and what an error becomes."""

from __future__ import annotations

import errno
import os
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oddjet.cli.check import check
from oddjet.cli.convert import convert
from oddjet.cli.demo import demo
from oddjet.cli.distill import distill
from oddjet.cli.init import init
from oddjet.cli.inspect import inspect
from oddjet.cli.report import report
from oddjet.cli.score import score
from oddjet.cli.search import search
from oddjet.cli.simulate import simulate
from oddjet.cli.simulate_grid import simulate_grid
from oddjet.cli.simulate_weighted import simulate_weighted
from oddjet.cli.study import study
from oddjet.runs.atomic import FULL
from oddjet.runs.errors import OddjetWarning, UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main", "oddjet"]

# Conditions of the machine, not mistakes of the program.
ENVIRONMENT = FULL | {errno.EROFS, errno.EACCES, errno.EPERM}

WRONG_INPUT = 2
BUG = 1
INTERRUPTED = 130


def _tell_cmake_dir(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(Path(__file__).parents[1] / "lib" / "cmake" / "oddjet")
        context.exit()


class _InOrder(click.Group):
    """Lists its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--cmake-dir",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_cmake_dir,
    help="Print where CMake finds the package oddjet, and exit.",
)
@click.version_option(package_name="oddjet", message="oddjet %(version)s")
def oddjet() -> None:
    """Weakly supervised anomaly searches in LHC jets."""


# One line a command, in the order in which people need them.
for command in (
    demo, init, check, search, study, report,
    score, distill, inspect, convert, simulate, simulate_grid, simulate_weighted,
):  # fmt: skip
    oddjet.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the name of the program; by default those of this process.

    Returns
    -------
    int
        0, also for a result that is not determined; 2 and one sentence for
        what the user can put right; 130 after Ctrl-C; 1 and a traceback for
        a bug of oddjet.
    """
    try:
        with warnings.catch_warnings():
            _tell_warnings()
            code = oddjet.main(
                None if arguments is None else list(arguments),
                prog_name="oddjet",
                standalone_mode=False,
            )
    except (Exception, KeyboardInterrupt) as error:
        return _tell(error)
    # Help and version end a command with their own exit code.
    return code if isinstance(code, int) else 0


def _tell_warnings() -> None:
    """Write a warning for users as one sentence, each once, and others as ever."""
    others: Callable[..., None] = warnings.showwarning
    warnings.filterwarnings("once", category=OddjetWarning)

    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, OddjetWarning):
            click.echo(f"oddjet: warning: {message}", err=True)
        else:
            others(message, category, *place)

    setattr(warnings, "showwarning", show)  # noqa: B010 - as its documentation says


def _tell(error: BaseException) -> int:
    """Write what an error means to the user; give the exit code."""
    code = WRONG_INPUT
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return code
    if isinstance(error, UserError):
        sentence = str(error)
    elif isinstance(error, click.ClickException):
        sentence = _usage(error)
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        sentence, code = "interrupted", INTERRUPTED
    elif isinstance(error, MemoryError):
        sentence = "the machine has too little memory for this"
    elif isinstance(error, OSError) and error.errno in ENVIRONMENT:
        sentence = _condition(error)
    else:
        traceback.print_exception(error)
        sentence, code = "this is a bug of oddjet, please report it", BUG
    click.echo(f"oddjet: {sentence}", err=True)
    return code


def _usage(error: click.ClickException) -> str:
    """Turn the words of click into one sentence that says where help is."""
    sentence = " ".join(error.format_message().split()).rstrip(".")
    sentence = sentence[0].lower() + sentence[1:]
    context = getattr(error, "ctx", None)
    return f"{sentence} (see {context.command_path} --help)" if context else sentence


def _condition(error: OSError) -> str:
    """Say it in the system's words: some libraries wrap them."""
    assert error.errno is not None
    where = f" ({error.filename})" if error.filename else ""
    remedy = "; make room and repeat the command" if error.errno in FULL else ""
    return f"{os.strerror(error.errno).lower()}{where}{remedy}"
