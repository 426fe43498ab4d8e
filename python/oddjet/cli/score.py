"""`oddjet score`: from files to the scores of their events."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import click

from oddjet.cli.options import jobs_option

__all__ = ["score"]


@click.command(short_help="Score the events of FILES with MODEL.")
@click.argument("model", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("files", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory for the scores; one that was interrupted goes on.",
)
@click.option("--working-point", metavar="NAME", help="Add the column `selected`.")
@click.option("--skim", is_flag=True, help="Only the rows of selected events.")
@click.option(
    "--to",
    type=click.Choice(["parquet", "ttree", "rntuple"]),
    default="parquet",
    show_default=True,
    help="What the outputs are.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "int8", "fp16"]),
    default="fp32",
    show_default=True,
    help="int8 on a CPU, fp16 on a GPU: a faster model, made from the first 20,000"
    " events and refused where it selects others.",
)
@click.option(
    "--on-bad-event",
    type=click.Choice(["fail", "flag"]),
    default="fail",
    show_default=True,
    help="At a momentum that is not finite or physical: stop, or keep the event's row"
    " with NaN and what is wrong.",
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    help="cpu, cuda, tensorrt or a name of ONNX Runtime; several in order of "
    "preference. Left out: CUDA where it is there.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Threads of a process; never changes a score on the CPU.",
)
@click.option(
    "--chunk-events",
    type=click.IntRange(min=1),
    default=32768,
    show_default=True,
    help="Events of a piece of work, the most that a kill can cost.",
)
@click.option(
    "--dask",
    metavar="local|ADDRESS",
    help="Score on a Dask cluster: --jobs processes here, or a scheduler's address.",
)
@jobs_option
def score(
    model: Path,
    files: tuple[str, ...],
    *,
    output: Path,
    working_point: str | None,
    skim: bool,
    to: Literal["parquet", "ttree", "rntuple"],
    precision: Literal["fp32", "int8", "fp16"],
    on_bad_event: Literal["fail", "flag"],
    providers: tuple[str, ...],
    threads: int | None,
    chunk_events: int,
    dask: str | None,
    jobs: int,
) -> None:
    """Score the events of FILES with MODEL, one file of rows for each."""
    from oddjet.deploy.dask_chunks import dask_executor
    from oddjet.deploy.score_files import score_files
    from oddjet.runs.progress import Progress

    if jobs > 1 and dask is None:
        dask = "local"
    with Progress() as progress, ExitStack() as stack:
        executor = None
        if dask is not None:
            executor = stack.enter_context(dask_executor(dask, workers=jobs))
        made = score_files(
            model,
            files,
            output,
            providers=providers,
            threads=threads,
            chunk_events=chunk_events,
            working_point=working_point,
            skim=skim,
            kind=to,
            precision=precision,
            on_bad_event=on_bad_event,
            executor=executor,
            progress=progress,
        )
    for path in made:
        click.echo(path)
