"""The selection of dijet resonances: two trimmed large jets, close in rapidity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import awkward as ak
import numpy as np
from pydantic import Field

from oddjet.jets import cluster
from oddjet.runs.config import ConfigModel
from oddjet.select.cutflow import Cut, CutFlow, CutSequence
from oddjet.substructure import nsubjettiness, trim

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.events import Events

__all__ = ["DijetCuts", "DijetSelection", "select_dijet"]


class DijetCuts(ConfigModel):
    """ATLAS, weakly supervised dijet search, 139 fb^-1 (signal selection)."""

    radius: float = Field(1.0, gt=0, le=2, description="of the anti-kt jets")
    trim_radius: float = Field(0.2, gt=0, le=1, description="of the kt subjets")
    trim_fraction: float = Field(
        0.05, ge=0, lt=1, description="subjets below this share of the pT are dropped"
    )
    leading_pt_min_gev: float = Field(500.0, ge=0, description="of the harder jet")
    subleading_pt_min_gev: float = Field(200.0, ge=0, description="of the softer jet")
    abs_eta_max: float = Field(2.0, gt=0, description="|eta| of both is below this")
    jet_mass_min_gev: float = Field(30.0, ge=0, description="mass of both is above")
    jet_mass_max_gev: float = Field(500.0, gt=0, description="mass of both is below")
    delta_rapidity_max: float = Field(
        1.2, gt=0, description="|y1 - y2| is below this, or above it for validation"
    )
    region: Literal["signal", "validation"] = Field(
        "signal", description="validation: |y1 - y2| above delta_rapidity_max"
    )
    mass_min_gev: float = Field(
        1300.0, ge=0, description="mass of both jets, taken as massless, is above this"
    )


@dataclass(frozen=True)
class DijetSelection:
    """The outcome of the selection.

    Attributes
    ----------
    mask : bool, shape (events,)
    weights : float64, shape (selected events,)
    variables : dict of name to float64, shape (selected events,)
        mass_jj [GeV]; of both jets, the harder first, mass_1, mass_2 [GeV], tau21_1,
        tau21_2, tau32_1, tau32_2 (0 where the denominator is 0); delta_rapidity.
    cutflow : CutFlow
        The same cuts in the same order for any events.
    """

    mask: NDArray[np.bool_]
    weights: NDArray[np.float64]
    variables: dict[str, NDArray[np.float64]]
    cutflow: CutFlow


def select_dijet(
    events: Events, cuts: DijetCuts | None = None, threads: int | None = None
) -> DijetSelection:
    """Select events with two large jets and measure them.

    Parameters
    ----------
    events : Events
        With `particles`.
    cuts : DijetCuts, optional
    threads : int, optional
        For the kernels; never changes the result.

    Returns
    -------
    DijetSelection

    Raises
    ------
    UserError
        There are no particles; the message says which source could give them.

    References
    ----------
    ATLAS, "Weakly supervised anomaly detection for resonant new physics in the dijet
    final state", 139 fb^-1, section 4. Substructure: winner-takes-all axes.
    """
    cuts = cuts or DijetCuts()
    events.require("particles", why="the dijet selection")
    jets = cluster(
        events.particles, algorithm="antikt", radius=cuts.radius, threads=threads
    )
    # Two jets before trimming are two jets after it.
    sequence = CutSequence(events.weight)
    jets = jets[sequence.apply("two large jets", ak.num(jets) >= 2)]
    jets = trim(
        jets,
        subjet_radius=cuts.trim_radius,
        pt_fraction=cuts.trim_fraction,
        threads=threads,
    )
    jets = jets[ak.argsort(jets.pt, axis=1, ascending=False, stable=True)][:, :2]
    jets = sequence.apply_each(jets, _cuts(cuts))
    weights = np.asarray(events.weight, np.float64)[sequence.mask]
    variables = _variables(jets, cuts, threads)
    return DijetSelection(sequence.mask, weights, variables, sequence.cutflow)


def _cuts(cuts: DijetCuts) -> dict[str, Cut]:
    low, high = cuts.jet_mass_min_gev, cuts.jet_mass_max_gev
    widest = cuts.delta_rapidity_max
    in_signal = cuts.region == "signal"
    return {
        f"leading jet pT > {cuts.leading_pt_min_gev:g} GeV": lambda jets: (
            jets[:, 0].pt > cuts.leading_pt_min_gev
        ),
        f"subleading jet pT > {cuts.subleading_pt_min_gev:g} GeV": lambda jets: (
            jets[:, 1].pt > cuts.subleading_pt_min_gev
        ),
        f"|eta| < {cuts.abs_eta_max:g} of both": lambda jets: ak.all(
            np.abs(jets.eta) < cuts.abs_eta_max, axis=1
        ),
        f"{low:g} < mass < {high:g} GeV of both": lambda jets: ak.all(
            (jets.mass > low) & (jets.mass < high), axis=1
        ),
        f"|delta y| {'<' if in_signal else '>'} {widest:g}": lambda jets: (
            (_delta_rapidity(jets) < widest)
            if in_signal
            else (_delta_rapidity(jets) > widest)
        ),
        f"m_JJ > {cuts.mass_min_gev:g} GeV": lambda jets: (
            _massless_mass(jets) > cuts.mass_min_gev
        ),
    }


def _delta_rapidity(jets: ak.Array) -> ak.Array:
    return np.abs(jets[:, 0].rapidity - jets[:, 1].rapidity)


def _massless_mass(jets: ak.Array) -> ak.Array:
    """m^2 = 2 (|p1| |p2| - p1.p2) = 2 pt1 pt2 (cosh(delta eta) - cos(delta phi))."""
    first, second = jets[:, 0], jets[:, 1]
    angles = np.cosh(first.eta - second.eta) - np.cos(first.deltaphi(second))
    return np.sqrt(2 * first.pt * second.pt * angles)


def _variables(
    jets: ak.Array, cuts: DijetCuts, threads: int | None
) -> dict[str, NDArray[np.float64]]:
    tau = nsubjettiness(
        jets, (1, 2, 3), radius=cuts.radius, axes="wta_kt", threads=threads
    )
    columns = {"mass_jj": _massless_mass(jets)}
    for place in range(2):
        taus = [tau[f"tau_{n}"][:, place] for n in (1, 2, 3)]
        columns[f"mass_{place + 1}"] = jets.mass[:, place]
        columns[f"tau21_{place + 1}"] = _ratio(taus[1], taus[0])
        columns[f"tau32_{place + 1}"] = _ratio(taus[2], taus[1])
    columns["delta_rapidity"] = _delta_rapidity(jets)
    return {
        name: np.asarray(ak.to_numpy(column), np.float64)
        for name, column in columns.items()
    }


def _ratio(above: ak.Array, below: ak.Array) -> NDArray[np.float64]:
    upper, lower = (np.asarray(ak.to_numpy(x), np.float64) for x in (above, below))
    return np.divide(upper, lower, out=np.zeros(len(upper)), where=lower > 0)
