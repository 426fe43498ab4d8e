"""`oddjet convert`: events from any format that oddjet reads to one that it writes."""

from __future__ import annotations

from pathlib import Path

import click

from oddjet.cli.options import format_option, skip_bad_files_option

__all__ = ["convert"]


@click.command(short_help="Write the events of FILES to one file.")
@click.argument("files", nargs=-1, required=True)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@format_option
@click.option(
    "--to",
    type=click.Choice(["parquet", "ttree", "rntuple"]),
    help="What OUTPUT is; by default its suffix says (.parquet, or .root: a TTree).",
)
@click.option(
    "--columns", help="Collections or fields to keep, such as met,particles.pt."
)
@click.option("--drop", help="Collections to leave out, such as truth,trigger.")
@click.option(
    "--on-bad-event",
    type=click.Choice(["fail", "flag"]),
    default="fail",
    show_default=True,
    help="At a momentum that is not finite or negative: stop, or leave the event out"
    " and tell how many.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Files that are read at a time; the output is the same.",
)
@skip_bad_files_option
def convert(
    files: tuple[str, ...],
    output: Path,
    *,
    format: str | None,
    to: str | None,
    columns: str | None,
    drop: str | None,
    on_bad_event: str,
    workers: int,
    skip_bad_files: bool,
) -> None:
    """Write the events of FILES, one after the other, to OUTPUT."""
    from oddjet.io.conversion import convert_files
    from oddjet.io.losses import Losses
    from oddjet.runs.progress import Progress

    losses = Losses() if skip_bad_files else None
    with Progress() as progress:
        done = convert_files(
            files,
            output,
            format=format,
            kind=to,
            columns=_listed(columns),
            drop=_listed(drop) or [],
            leave_out_bad_events=on_bad_event == "flag",
            losses=losses,
            progress=progress,
            workers=workers,
        )
    click.echo(f"wrote {output}: {done.num_events:,} events")
    if done.num_bad_events:
        click.echo(f"left out {done.num_bad_events} events: {done.first_bad_event}")
    for loss in losses.losses if losses is not None else []:
        click.echo(str(loss), err=True)
    if losses:
        click.echo(losses.summary(), err=True)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]
