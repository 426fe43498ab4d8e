"""`oddjet inspect`: what a model file is."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["inspect"]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def inspect(file: Path) -> None:
    """Say what FILE, a model, takes, gives and was made from."""
    from oddjet.deploy.describe_model import describe_model

    click.echo(describe_model(file))
