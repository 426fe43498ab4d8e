"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["config_argument", "jobs_option"]

config_argument = click.argument(
    "config", type=click.Path(dir_okay=False, path_type=Path)
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes at work; never changes a result.",
)
