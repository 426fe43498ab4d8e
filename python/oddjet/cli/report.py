"""`oddjet report`: the page of a finished search, made again."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write; by default RUN/report.html.",
)
def report(run: Path, *, output: Path | None) -> None:
    """Write the report of the finished search in RUN."""
    from oddjet.report.wording import answer
    from oddjet.searches import Result

    result = Result.load(run)
    page = result.report(output or run / "report.html")
    click.echo(answer(result.results).sentence)
    click.echo(f"report: {page}")
