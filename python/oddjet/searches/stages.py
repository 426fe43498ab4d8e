"""The stages of a weakly supervised search for odd jets, from files to scores.

Each is a pure function of its inputs and arguments that writes into the directory
it is given (see `oddjet.runs.stages`); a recipe strings them together.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from oddjet.features import FeatureSpec, event_tensors
from oddjet.io import describe, iterate
from oddjet.learn.folds import (
    RESERVE,
    TRAINING_ONLY,
    half_of,
    in_validation,
    seen_by,
    training_folds,
)
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.searches.bad_events import after, usable_events
from oddjet.searches.mixing import mixed_regions
from oddjet.searches.parts import ERAS, eras_of, write_eras
from oddjet.searches.regions import CONTROL_REGION, REGIONS, SIGNAL_REGION, spoken
from oddjet.searches.scores import RegionScores, write_scores
from oddjet.searches.tensors import TENSORS, JetTensors, write_tensors
from oddjet.select.control_region import with_recoil
from oddjet.select.monojet import select_monojet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.events import Events
    from oddjet.learn.batches import TrainingSample
    from oddjet.learn.config import TrainingConfig
    from oddjet.learn.models.config import EdgeConvConfig
    from oddjet.runs.progress import Progress
    from oddjet.searches.parts import RegionPart
    from oddjet.searches.reweighting import ReweightConfig
    from oddjet.select.control_region import ControlCuts
    from oddjet.select.cutflow import CutFlow
    from oddjet.select.monojet import MonoJetCuts

CUTFLOW = "cutflow.csv"
NETWORK = "network.npz"
HISTORY = "history.json"
MODEL = "model.onnx"
SCORES = "scores.parquet"


def prepare(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a stage
    progress: Progress,
    *,
    part: RegionPart,
    cuts: MonoJetCuts,
    spec: FeatureSpec,
    paths: tuple[str, ...],
    blinded: bool,
    on_bad_event: Literal["fail", "flag"] = "fail",
) -> None:
    """Select events of a region and make the tensors of their leading fat jets.

    Streams over the files, so memory does not grow with the sample. `truth` is not
    read: what a stage does not see cannot influence it. A part that is selected by
    identified leptons has jets that do not contain them. Bad events, to be flagged,
    are not selected, and a row of the cut flow says how many are left.

    Raises
    ------
    UserError
        No event of the sample passes the selection, or one cannot be used; or its
        era is not the one of the configuration.
    """
    sample = describe(paths)
    columns = [name for name in sample.collections if name != "truth"]
    cutflows: list[CutFlow] = []
    eras: set[str] = set()

    def chunks() -> Iterator[JetTensors]:
        with progress.task(f"select {part.name}", total=sample.num_events) as task:
            for chunk in iterate(paths, columns=columns, check=on_bad_event == "fail"):
                events, before = chunk, None
                if part.half is not None:
                    events = chunk[half_of(chunk.id) == part.half]
                if on_bad_event == "flag":
                    events, before = usable_events(events)
                with named_errors(part.name, paths):
                    selection = select_monojet(
                        events, cuts, control=part.control, triggers=part.triggers
                    )
                    tensors = _tensors(events[selection.mask], spec, part.control)
                    tensors = replace(tensors, kinematics=selection.kinematics)
                cutflows.append(after(before, selection.cutflow))
                eras.update(eras_of(chunk))
                yield tensors
                task.advance(len(chunk))

    shape = (spec.num_constituents, len(spec.features))
    num_selected = write_tensors(directory / TENSORS, chunks(), shape=shape)
    cutflow = sum(cutflows[1:], start=cutflows[0])
    if num_selected == 0:
        message = _nothing_left(part.name, paths, cutflow, blinded=blinded)
        raise UserError(message)
    write_eras(directory / ERAS, part, eras)
    (directory / CUTFLOW).write_text(cutflow.to_csv(), encoding="utf-8")


def train(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    parts: tuple[RegionPart, ...],
    fold: int,
    member: int,
    network: EdgeConvConfig,
    training: TrainingConfig,
    spec: FeatureSpec,
    seed: int,
    reweight: ReweightConfig | None,
    checkpoints: Path,
    blinded: bool,
) -> None:
    """Train a network that scores one fold, on the events that it may see."""
    from oddjet.learn.fold_training import train_fold

    regions = mixed_regions(inputs, parts, reweight, blinded=blinded)
    folds = np.concatenate(list(_folds(regions, training).values()))
    fraction = training.validation_fraction
    validates = [in_validation(jets.ids, fraction) for jets in regions.values()]
    sample = _training_sample(regions)
    if blinded:
        _refuse_untold(sample, seen_by(folds, fold, training.scoring))
    what = f"train fold {fold}" + (f", network {member}" if member else "")
    with progress.task(what, total=training.epochs) as task:
        trained = train_fold(
            sample,
            folds,
            fold,
            network=network,
            training=training,
            features=spec.features,
            seed=seed,
            member=member,
            validates=np.concatenate(validates),
            checkpoints=checkpoints,
            on_epoch=lambda _epoch, _loss: task.advance(),
        )
    np.savez(directory / NETWORK, allow_pickle=False, **trained.weights)
    write_json_atomic(directory / HISTORY, {"loss": list(trained.loss)})


def assemble(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    parts: tuple[RegionPart, ...],
    trainings: tuple[tuple[str, ...], ...],
    network: EdgeConvConfig,
    training: TrainingConfig,
    spec: FeatureSpec,
    provenance: Mapping[str, object],
    reweight: ReweightConfig | None,
    blinded: bool,
) -> None:
    """Put the networks of all folds into one calibrated model file.

    Each fold is calibrated on its own control events, which its networks never saw
    unless scoring is in-sample. `trainings` names the stages of each fold.
    """
    from oddjet.learn.export import ControlSample, export_folds

    regions = mixed_regions(inputs, parts, reweight, blinded=blinded)
    control = regions[CONTROL_REGION]
    with progress.task("calibrate and export the model", total=1) as task:
        export_folds(
            directory / MODEL,
            [
                [dict(np.load(inputs[name] / NETWORK)) for name in members]
                for members in trainings
            ],
            network=network,
            spec=spec,
            control=ControlSample(
                values=control.values,
                mask=control.mask,
                weight=control.weight,
                fold=_folds(regions, training)[CONTROL_REGION],
            ),
            provenance=provenance,
            threads=training.threads,
        )
        task.advance()


def score(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    parts: tuple[RegionPart, ...],
    training: TrainingConfig,
    blinded: bool,
    reweight: ReweightConfig | None,
) -> None:
    """Score the selected events with the model file, each by its own fold.

    A blinded search scores the control region only. Events that only train have no
    score (NaN).
    """
    from oddjet.deploy.scorer import Scorer

    scorer = Scorer(inputs["assemble"] / MODEL, "cpu", threads=training.threads)
    regions = mixed_regions(inputs, parts, reweight, blinded=blinded)
    folds = _folds(regions, training)
    shown = [name for name in REGIONS if not (blinded and name == SIGNAL_REGION)]
    scored = {}
    for name in shown:
        jets = regions[name]
        with progress.task(f"score {name}", total=len(jets)) as task:
            deployed, per_fold = scorer.score_tensors(jets.values, jets.mask)
            task.advance(len(jets))
        own = per_fold[np.arange(len(jets)), np.maximum(folds[name], 0)]
        own[folds[name] == RESERVE] = deployed[folds[name] == RESERVE]
        own[folds[name] == TRAINING_ONLY] = np.nan
        scored[name] = RegionScores(
            score=own,
            deployed=deployed,
            fold=folds[name],
            weight=jets.weight,
            ids=jets.ids,
            source=jets.source,
        )
    write_scores(directory / SCORES, scored)


def _tensors(
    events: Events, spec: FeatureSpec, control: ControlCuts | None = None
) -> JetTensors:
    array = with_recoil(events.array, control) if control else events.array
    values, mask, _ = event_tensors(array[spec.source], spec)
    ids = {name: events.id[name].to_numpy() for name in events.id.fields}
    return JetTensors(values, mask, events.weight.to_numpy(), ids)


@contextmanager
def named_errors(region: str, paths: Sequence[str]) -> Iterator[None]:
    """Turn what a kernel or a selection refuses into one that names the sample."""
    try:
        yield
    except (ValueError, UserError) as error:
        message = f"the {spoken(region)} ({', '.join(paths)}): {error}"
        raise UserError(message) from error


def _nothing_left(
    region: str, paths: tuple[str, ...], cutflow: CutFlow, *, blinded: bool
) -> str:
    """Say at which cut the last event of a sample was lost, unless that is closed."""
    name = spoken(region)
    if cutflow.rows[0].events == 0:
        return f"the {name} holds no events ({', '.join(paths)})"
    if blinded:
        return f"no event of the blinded {name} passes the selection; check both"
    survivors = [row for row in cutflow.rows if row.events > 0]
    fatal = cutflow.rows[len(survivors)]
    return (
        f"no event of the {name} ({', '.join(paths)}) passes the selection: the last "
        f"{survivors[-1].events} of {cutflow.rows[0].events} are lost at the cut "
        f"'{fatal.name}'; check the sample or loosen the selection"
    )


def _folds(
    regions: Mapping[str, JetTensors], training: TrainingConfig
) -> dict[str, NDArray[np.int64]]:
    return {
        name: training_folds(
            jets.ids,
            np.full(len(jets), name == CONTROL_REGION),
            folds=training.folds,
            reserve_fraction=training.reserve_fraction,
            scoring=training.scoring,
        )
        for name, jets in regions.items()
    }


def _refuse_untold(sample: TrainingSample, seen: NDArray[np.bool_]) -> None:
    """Raise a UserError without numbers if a blinded region cannot be trained on."""
    own = seen & sample.in_signal_region & sample.mask.any(axis=1)
    if not sample.weight[own].sum() > 0:
        message = (
            "the blinded signal region has no events of positive total weight in what a"
            " network would learn from; check its files and weights"
        )
        raise UserError(message)


def _training_sample(regions: Mapping[str, JetTensors]) -> TrainingSample:
    from oddjet.learn.batches import TrainingSample

    signal, control = (regions[name] for name in REGIONS)
    return TrainingSample(
        values=np.concatenate([signal.values, control.values]),
        mask=np.concatenate([signal.mask, control.mask]),
        in_signal_region=np.repeat([True, False], [len(signal), len(control)]),
        weight=np.concatenate([signal.weight, control.weight]),
    )
