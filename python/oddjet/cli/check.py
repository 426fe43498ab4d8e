"""`oddjet check`: tells whether a configuration can run, and what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oddjet.cli.options import config_argument

if TYPE_CHECKING:
    from oddjet.searches import Dijet, DijetConfig, Svj

__all__ = ["check"]


@click.command(short_help="Validate CONFIG, and estimate time and memory.")
@config_argument
def check(config: Path) -> None:
    """Validate CONFIG, open its files and estimate time and memory."""
    from oddjet.runs.config import load_yaml

    content = load_yaml(config)
    checks = {"dijet": _check_dijet, "svj": _check_svj}
    if "study" in content:
        _check_study(config)
    else:
        checks.get(str(content.get("search")), _check_monojet)(config)


def _check_study(config: Path) -> None:
    from oddjet.studies.reading import read_study

    study = read_study(config)
    # Planning finds every file and reads enough of it to know its content.
    stages = study.stages(Path())
    click.echo(f"{config}: a valid study: {study.config.study}")
    points = [stage for stage in stages if stage.name.startswith("point-")]
    trainings = ""
    if points:
        trainings = f", {len(points) * study.config.repeats:,} trainings in"
        trainings += f" {len(points)} of them"
    click.echo(f"  {len(stages)} stages{trainings}")


def _check_dijet(config: Path) -> None:
    from oddjet.searches import Dijet

    search = Dijet.from_yaml(config)
    click.echo(f"{config}: a valid dijet configuration")
    _open_sources(search)
    windows = search.config.scan.windows()
    passes = len(windows) * len(search.config.feature_sets)
    passes *= len(search.config.templates)
    networks = passes * search.config.folds * search.config.seeds
    noun = "window" if len(windows) == 1 else "windows"
    kind = "networks" if search.config.learner == "networks" else "bags of trees"
    click.echo(
        f"  {len(windows)} {noun} from {windows[0].low_gev:g} to"
        f" {windows[-1].high_gev:g} GeV, {networks:,} {kind} in {passes} batches"
    )
    again = _passes_again(search.config, len(windows))
    if again:
        click.echo(
            f"  validation and injections: {again * networks // len(windows):,}"
            f" {kind} in {again * passes // len(windows)} batches more"
        )


def _open_sources(search: Dijet | Svj) -> None:
    """Open the files of every sample and say what they hold."""
    from oddjet.io import describe

    for name, source in search.sources.items():
        files = source.find(search.base)
        count = ""
        if source.content == "events":
            count = f"{describe(files).num_events:,} events in "
        click.echo(f"  {name}: {count}{len(files)} file(s) of {source.content}")


def _passes_again(config: DijetConfig, windows: int) -> int:
    """Count the windows that are searched beside those of the data."""
    wanted, count = config.validation, 0
    if wanted is not None:
        drawn = 1 + (wanted.simulation and config.simulation is not None)
        has_control = wanted.control_sources(config)[0] is not None
        count += windows * (drawn * wanted.repeats + has_control)
    for injection in config.injections.values():
        count += len(injection.events) + (injection.discovery_sqrt_b > 0)
    return count


def _check_svj(config: Path) -> None:
    from oddjet.searches import Svj

    search = Svj.from_yaml(config)
    click.echo(f"{config}: a valid configuration of semi-visible jets")
    _open_sources(search)
    tagger = search.config.tagger
    networks = 0
    if tagger is not None:
        networks = tagger.training.num_scored_folds * tagger.training.networks
    click.echo(
        f"  {len(search.config.signal)} limits in"
        f" {len(search.config.mass_edges_gev) - 1} bins of M_T; to train: {networks}"
        " LundNet and 2 event networks"
    )


def _check_monojet(config: Path) -> None:
    from oddjet.runs.displays import format_seconds
    from oddjet.searches import MonoJet
    from oddjet.searches.estimate import estimate_cost
    from oddjet.searches.parts import refuse_other_triggers, region_parts

    search = MonoJet.from_yaml(config)
    click.echo(f"{config}: a valid mono-jet configuration")
    parts = region_parts(search.config)
    refuse_other_triggers(parts)
    for region in (part.home for part in parts):
        sample = search.sample(region)
        click.echo(
            f"  {region}: {sample.num_events:,} events ({sample.role}) in"
            f" {len(sample.files)} file(s); {', '.join(sample.collections)}"
        )
    cost = estimate_cost(search)
    # How many events pass is not told: of a signal region of data, nobody may know.
    click.echo(
        f"  measured on the first events: about {format_seconds(cost.seconds)} with"
        f" one process, and {cost.gigabytes:.1f} GB of memory for each"
    )
