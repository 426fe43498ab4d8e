"""`oddjet inspect`: what a file holds, before anybody relies on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oddjet.cli.options import format_option

if TYPE_CHECKING:
    from oddjet.io.inspection import CollectionSummary, Inspection

__all__ = ["inspect"]


@click.command(short_help="Say what a file of events or a model holds.")
@click.argument("file")
@format_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option(
    "--max-events",
    type=click.IntRange(min=1),
    default=50_000,
    show_default=True,
    help="Events whose values are looked at; all are counted.",
)
def inspect(file: str, *, format: str | None, as_json: bool, max_events: int) -> None:
    """Say what FILE, events or a model, holds and what looks wrong in it."""
    if file.endswith(".onnx"):
        from oddjet.deploy.describe_model import describe_model

        click.echo(describe_model(Path(file)))
        return
    from oddjet.io.inspection import inspect_file
    from oddjet.io.paths import find_inputs

    for location in find_inputs(file):
        found = inspect_file(location, format=format, max_events=max_events)
        if as_json:
            click.echo(json.dumps(found.as_dict(), sort_keys=True))
        else:
            _print(found)


def _print(found: Inspection) -> None:
    from rich.console import Console
    from rich.table import Table

    # A pipe gets lines that are not broken.
    console = Console(width=None if _is_terminal() else 200, highlight=False)
    role = found.role if found.records_role else f"{found.role} (the file does not say)"
    looked = (
        ""
        if found.num_inspected == found.num_events
        else f" (ranges from the first {found.num_inspected:,})"
    )
    click.echo(
        f"{found.file}: {found.format}, {found.num_events:,} events, {role}{looked}"
    )
    table = Table(box=None, pad_edge=False)
    for title in (
        "collection",
        "objects",
        "an event",
        "most",
        "fields and their ranges",
    ):
        table.add_column(title, justify="left" if title[0] in "cf" else "right")
    for collection in found.collections:
        table.add_row(*_row(collection, max(1, found.num_inspected)))
    console.print(table)
    for line in found.possible:
        click.echo(f"  {line}")
    for line in found.suspicious:
        click.echo(f"  ! {line}")
    if not found.suspicious:
        click.echo("  nothing suspicious")


def _is_terminal() -> bool:
    import sys

    return sys.stdout.isatty()


def _row(collection: CollectionSummary, num_events: int) -> tuple[str, ...]:
    prefix = f"{collection.name}."
    ranges = [
        f"{item.name.removeprefix(prefix)} {item.distinct} different"
        for item in collection.fields
        if item.distinct is not None
    ]
    ranges += [
        f"{item.name.removeprefix(prefix)} {_number(item.low)} to {_number(item.high)}"
        f"{' ' + item.unit if item.unit else ''}"
        for item in collection.fields
        if item.low is not None
    ]
    if collection.name in {"trigger", "filters"}:
        ranges = [f"{len(collection.fields)} flags"]
    text = "; ".join(ranges).replace(f"{collection.name} ", "")
    if collection.num_objects is None:
        return collection.name, "", "", "", text
    return (
        collection.name,
        f"{collection.num_objects:,}",
        f"{collection.num_objects / num_events:.3g}",
        str(collection.max_per_event),
        text,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
