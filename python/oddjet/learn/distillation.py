"""A small network that learns the scores of a model, for where there is no time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import smooth_l1_loss

from oddjet.deploy.bundle import model_bytes, write_bundle
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.latency import one_jet_microseconds
from oddjet.deploy.runtime import JetSession
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.working_points import remeasured
from oddjet.features import FeatureSpec
from oddjet.learn.config import TrainingConfig
from oddjet.learn.distillation_report import DistillationReport, compare
from oddjet.learn.loop import reproducible
from oddjet.learn.student_config import SHAPES, StudentTraining
from oddjet.learn.students import (
    standardise,
    student_bytes,
    student_graph,
    student_network,
)
from oddjet.learn.training_state import TrainingState
from oddjet.learn.unlabelled_jets import (
    CALIBRATES,
    TEACHES,
    TESTS,
    UnlabelledJets,
    scored_jets,
)
from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from oddjet.features import FeatureSpec
    from oddjet.io.paths import Paths
    from oddjet.learn.student_config import StudentKind, StudentShape

    Weights = dict[str, NDArray[np.floating]]

__all__ = ["distill", "fitting_shape", "train_student"]

MOST_JETS = 200_000
FEWEST_JETS = 1000
LATENCY_JETS = 300
STANDARDISING_JETS = 20_000


def distill(
    model: Path | str,
    paths: Paths,
    output: Path | str,
    *,
    kind: StudentKind = "deep_sets",
    latency_us: float = 100.0,
    training: StudentTraining | None = None,
    most_jets: int = MOST_JETS,
    signal: Paths | None = None,
    seed: int = 1,
    progress: Progress | None = None,
) -> DistillationReport:
    """Train a student on a model's scores over unlabelled jets and write it.

    The student has the scale of the model: of held-out jets the same fraction (by
    weight) is above a score. So the working points keep their thresholds, and their
    efficiencies are those of the unlabelled jets.

    Parameters
    ----------
    model : Path or str
        The teacher, a model file.
    paths : str, Path or sequence of them
        Unlabelled events, such as data; read from the beginning.
    output : Path or str
        The student, a model file as any other.
    kind : "mlp", "deep_sets" or "lite"
        A network on high-level quantities of the jet, Deep Sets or a small graph.
    latency_us : float
        The largest student is taken whose network takes this long for one jet, in 99
        of 100 cases, on one core of this machine.
    training : StudentTraining, optional
    most_jets : int
        Jets that are used at most.
    signal : str, Path or sequence of them, optional
        Events of a signal: how many of them both select is reported, too.
    seed : int
    progress : Progress, optional

    Returns
    -------
    DistillationReport
        On jets that had no part in training or calibration.

    Raises
    ------
    UserError
        As `Scorer` and `oddjet.iterate`; fewer than 1,000 jets, no student of the kind
        that is fast enough, or features that it cannot be made of.
    """
    progress = progress or Progress.silent()
    training = training or StudentTraining()
    scorer = Scorer(model, "cpu", training.threads)
    spec = scorer.spec
    if not isinstance(spec, FeatureSpec):
        message = f"{model} reads no constituents, and students are of networks on them"
        raise UserError(message)
    jets = scored_jets(scorer, paths, most=most_jets, progress=progress)
    if len(jets) < FEWEST_JETS:
        message = f"a student needs at least {FEWEST_JETS} jets, got {len(jets)}"
        raise UserError(message)
    shape, latency = fitting_shape(kind, latency_us, spec, jets)
    progress.note(f"student: {shape}; {latency:.0f} us a jet")
    weights = train_student(
        shape, spec, jets.of_part(TEACHES), training, seed=seed, progress=progress
    )
    graph, width = _calibrated(shape, weights, spec, jets.of_part(CALIBRATES))
    student = JetSession(model_bytes(graph), "cpu", bytes_per_constituent=width)
    tests, signal_jets = jets.of_part(TESTS), None
    if signal is not None:
        signal_jets = scored_jets(scorer, signal, most=most_jets, progress=progress)
    report = compare(scorer.bundle, student, tests, signal_jets, latency_us=latency)
    about = {"shape": str(shape), "jets": len(jets), "seed": seed}
    write_bundle(
        output,
        graph,
        spec=spec,
        folds=1,
        provenance=provenance()
        | {"teacher": scorer.bundle.digest, "student": about | training.model_dump()},
        working_points=remeasured(
            scorer.bundle.working_points.values(),
            student.run(tests.values, tests.mask)[0],
            tests.weight,
            measured_on=f"{len(tests)} unlabelled jets that the student never saw",
        ),
        bytes_per_constituent=width,
    )
    return report


def _calibrated(
    shape: StudentShape, weights: Weights, spec: FeatureSpec, held_out: UnlabelledJets
) -> tuple[Any, int]:
    """Give the graph with its scores on the teacher's scale, and its width."""
    width = student_bytes(shape, weights, spec)
    raw_model = model_bytes(student_graph(shape, weights, spec))
    session = JetSession(raw_model, "cpu", bytes_per_constituent=width)
    _, raw = session.run(held_out.values, held_out.mask)
    table = CalibrationTable.matching(raw[:, 0], held_out.score, held_out.weight)
    return student_graph(shape, weights, spec, [table]), width


def fitting_shape(
    kind: StudentKind, latency_us: float, spec: FeatureSpec, jets: UnlabelledJets
) -> tuple[StudentShape, float]:
    """Choose the largest student of a kind that is fast enough, and say how fast.

    How long a network takes does not depend on its weights, so that none has to be
    trained for it.

    Raises
    ------
    UserError
        Even the smallest one is too slow.
    """
    some = slice(0, LATENCY_JETS)
    for shape in SHAPES[kind]:
        with reproducible(0, 1):
            weights = _weights(student_network(shape, spec))
        model = model_bytes(student_graph(shape, weights, spec))
        latency = one_jet_microseconds(model, jets.values[some], jets.mask[some])
        if latency <= latency_us:
            return shape, latency
    message = (
        f"the smallest student of kind {kind} takes {latency:.0f} us a jet here, more "
        f"than {latency_us:g}; take deep_sets or mlp, or allow more"
    )
    raise UserError(message)


def train_student(
    shape: StudentShape,
    spec: FeatureSpec,
    jets: UnlabelledJets,
    training: StudentTraining,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Weights:
    """Fit a student to the scores of jets.

    Adam on the smooth L1 distance, weighted by the absolute event weights: the score
    of a jet is what it is, however often and with which sign the jet was made.

    Returns
    -------
    dict of str to float32 array
        The same bits for the same arguments, threads and processor.

    Raises
    ------
    UserError
        A loss that is not finite.
    """
    progress = progress or Progress.silent()
    values, mask, score = map(torch.from_numpy, (jets.values, jets.mask, jets.score))
    weight = torch.from_numpy(np.abs(jets.weight)).float()
    weight = weight / weight.mean()
    config = TrainingConfig(
        epochs=training.epochs,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        weight_average=training.weight_average,
    )
    with reproducible(derive_seed(seed, "student"), training.threads):
        network = student_network(shape, spec).train()
        some = slice(0, STANDARDISING_JETS)
        standardise(network, values[some], mask[some])
        state = TrainingState(network, config, len(jets), seed)
        with progress.task("epochs", total=training.epochs) as task:
            while not state.finished:
                order = torch.from_numpy(state.epoch_random().permutation(len(jets)))
                for rows in torch.split(order, training.batch_size):
                    found = network(values[rows], mask[rows])
                    loss = smooth_l1_loss(found, score[rows], reduction="none")
                    _step(state, (loss * weight[rows]).mean(), len(rows))
                state.end_epoch(len(jets), training.epochs)
                task.advance(1)
        state.average.load_into(network)
    return _weights(network)


def _step(state: TrainingState, loss: torch.Tensor, num_jets: int) -> None:
    value = loss.item()
    if not np.isfinite(value):
        message = f"the loss became {value}; lower the learning rate of the student"
        raise UserError(message)
    state.total += value * num_jets
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    state.schedule.after_step()
    state.average.update(state.network)
    state.step += 1


def _weights(network: nn.Module) -> Weights:
    return {
        name: value.numpy().copy()
        for name, value in network.state_dict().items()
        if value.is_floating_point()
    }
