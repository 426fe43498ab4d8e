"""What a student keeps of the selection of its teacher."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.working_points import selected_fraction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.deploy.bundle import Bundle
    from oddjet.deploy.runtime import JetSession
    from oddjet.deploy.working_points import WorkingPoint
    from oddjet.learn.unlabelled_jets import UnlabelledJets

__all__ = ["DistillationReport", "PowerKept", "compare"]

# Of what the teacher selects, as a first level that hands on to it would want.
WANTED = 0.95


@dataclass(frozen=True)
class PowerKept:
    """What is kept at a working point.

    Attributes
    ----------
    name : str
    teacher_efficiency, student_efficiency : float
        Fraction (by weight) of the unlabelled jets that is selected.
    kept : float
        Of the weight that the teacher selects, the share that the student does too;
        NaN where it selects none.
    uncertainty : float
        Statistical, of `kept`.
    fraction_for_most : float
        What a student would have to pass to keep 95 % of what the teacher selects.
    teacher_signal, student_signal : float
        Fraction of the signal that is selected; NaN without a signal.
    """

    name: str
    teacher_efficiency: float
    student_efficiency: float
    kept: float
    uncertainty: float
    fraction_for_most: float
    teacher_signal: float
    student_signal: float


@dataclass(frozen=True)
class DistillationReport:
    """What a student keeps.

    Attributes
    ----------
    jets : int
        Unlabelled jets it was measured on.
    correlation : float
        Of both scores, by rank (Spearman), weights left out.
    latency_us : float
        What the network takes for one jet in 99 of 100 cases.
    points : tuple of PowerKept
        One a working point.
    """

    jets: int
    correlation: float
    latency_us: float
    points: tuple[PowerKept, ...]

    def __str__(self) -> str:
        """Write it as lines of text."""
        head = (
            f"{self.latency_us:.0f} us a jet; on {self.jets} jets that the student "
            f"never saw, rank correlation {self.correlation:.3f}"
        )
        lines = [head]
        for point in self.points:
            line = (
                f"{point.name}: selects {point.student_efficiency:.3g} (teacher "
                f"{point.teacher_efficiency:.3g}), "
            )
            if math.isnan(point.kept):
                lines.append(f"{line}nothing to keep: take more jets to know")
                continue
            line += (
                f"keeps {point.kept:.1%} ± {point.uncertainty:.1%} of the teacher's; "
                f"{WANTED:.0%} would take {point.fraction_for_most:.3g}"
            )
            if math.isfinite(point.teacher_signal):
                line += (
                    f"; signal {point.student_signal:.3g} (teacher "
                    f"{point.teacher_signal:.3g})"
                )
            lines.append(line)
        return "\n".join(lines)


def compare(
    teacher: Bundle,
    student: JetSession,
    jets: UnlabelledJets,
    signal: UnlabelledJets | None,
    *,
    latency_us: float,
) -> DistillationReport:
    """Select with both at every working point of the teacher."""
    score, _ = student.run(jets.values, jets.mask)
    signal_score = None
    if signal is not None:
        signal_score, _ = student.run(signal.values, signal.mask)
    points = tuple(
        _kept(point, jets, score, signal, signal_score)
        for point in teacher.working_points.values()
    )
    ranks = np.stack([np.argsort(np.argsort(x)) for x in (jets.score, score)])
    correlation = np.corrcoef(ranks).reshape(-1)[1]
    return DistillationReport(len(jets), float(correlation), latency_us, points)


def _kept(
    point: WorkingPoint,
    jets: UnlabelledJets,
    score: NDArray[np.float32],
    signal: UnlabelledJets | None,
    signal_score: NDArray[np.float32] | None,
) -> PowerKept:
    by_teacher, by_student = jets.score > point.threshold, score > point.threshold
    kept, uncertainty = selected_fraction(
        by_student[by_teacher], jets.weight[by_teacher]
    )
    of_signal = (math.nan, math.nan)
    if signal is not None and signal_score is not None:
        of_signal = (
            selected_fraction(signal.score > point.threshold, signal.weight)[0],
            selected_fraction(signal_score > point.threshold, signal.weight)[0],
        )
    return PowerKept(
        point.name,
        selected_fraction(by_teacher, jets.weight)[0],
        selected_fraction(by_student, jets.weight)[0],
        kept,
        uncertainty,
        _fraction_for_most(score, by_teacher, jets.weight),
        *of_signal,
    )


def _fraction_for_most(
    score: NDArray[np.float32],
    by_teacher: NDArray[np.bool_],
    weight: NDArray[np.float64],
) -> float:
    """Weight above the student's score that `WANTED` of the teacher's weight has."""
    wanted = WANTED * weight[by_teacher].sum()
    if not wanted > 0:
        return math.nan
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(np.where(by_teacher, weight, 0)[order])
    place = int(np.argmax(found >= wanted))
    return float(weight[order][: place + 1].sum() / weight.sum())
