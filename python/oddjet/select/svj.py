"""The selection of semi-visible jets: two fat jets, one along the missing momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
from pydantic import Field

from oddjet.jets import cluster
from oddjet.runs.config import ConfigModel
from oddjet.select.cutflow import CutFlow, CutSequence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from oddjet.events import Events

__all__ = ["SvjCuts", "SvjSelection", "select_svj", "transverse_mass"]


class SvjCuts(ConfigModel):
    """The preselection of J. Janik et al., talk, 12 Jan 2026 (CMS, Run-2 scouting)."""

    ht_min_gev: float = Field(
        410.0, ge=0, description="scalar pT sum of the small jets is above this [GeV]"
    )
    small_jet_radius: float = Field(
        0.4, gt=0, le=2, description="radius of the anti-kt jets of that sum"
    )
    small_jet_pt_min_gev: float = Field(
        30.0, ge=0, description="jets of that sum are above this [GeV]"
    )
    small_jet_abs_eta_max: float = Field(
        2.5, gt=0, description="|eta| of the jets of that sum is below this"
    )
    fat_jet_radius: float = Field(
        0.8, gt=0, le=2, description="radius of the anti-kt jets J0, J1"
    )
    fat_jet_pt_min_gev: float = Field(
        150.0, ge=0, description="both are at or above this [GeV]"
    )
    fat_jet_abs_eta_max: float = Field(
        2.4, gt=0, description="|eta| of both is at or below this"
    )
    transverse_mass_min_gev: float = Field(
        650.0, ge=0, description="M_T of J0, J1 and the missing pT is above this [GeV]"
    )
    transverse_ratio_min: float = Field(
        0.24, ge=0, description="R_T = MET / M_T is above this"
    )
    delta_phi_max: float = Field(
        0.8,
        gt=0,
        le=np.pi,
        description="azimuth between the missing pT and the closer of J0 and J1 is"
        " below this [radians]",
    )
    delta_eta_max: float = Field(
        2.2,
        gt=0,
        description="|eta(J0) - eta(J1)| below this is the signal plane, from it on the"
        " validation plane",
    )


@dataclass(frozen=True)
class SvjSelection:
    """The outcome of the selection.

    Attributes
    ----------
    mask : bool, shape (events,)
        Selected events, of both planes.
    in_signal_plane : bool, shape (selected events,)
        The others are in the validation plane.
    variables : dict of name to float64, shape (selected events,)
        ht, mass (of J0 + J1), transverse_mass, met [GeV]; met_phi, delta_phi_min,
        delta_phi_jets, delta_phi_leading, delta_phi_subleading [radians];
        transverse_ratio, delta_eta, balance_jets, balance_leading,
        balance_subleading.
    fat_jets : awkward array, two jets an event
        J0 and J1, the harder first, with constituents.
    cutflow : CutFlow
        The same cuts in the same order for any events; the planes are its last row
        split, see `planes`.
    planes : dict of name to CutFlow
        "SP" and "VP": the cut flow with a last row of that plane.
    """

    mask: NDArray[np.bool_]
    in_signal_plane: NDArray[np.bool_]
    variables: dict[str, NDArray[np.float64]]
    fat_jets: ak.Array
    cutflow: CutFlow
    planes: dict[str, CutFlow]


def transverse_mass(
    mass: ArrayLike, pt: ArrayLike, met: ArrayLike, delta_phi: ArrayLike
) -> NDArray[np.float64]:
    """Give the transverse mass of a system and the missing momentum.

    M_T^2 = m^2 + 2 MET (sqrt(m^2 + pT^2) - pT cos(delta_phi)), element by element.

    Parameters
    ----------
    mass, pt : float
        Of the system of both jets [GeV].
    met : float
        Missing transverse momentum [GeV].
    delta_phi : float
        Azimuth between the two [radians].

    Returns
    -------
    float64
        [GeV]

    References
    ----------
    CMS, arXiv:2112.11125 (search for semi-visible jets).

    Examples
    --------
    A heavy system at rest, and a light one back to back:

    >>> transverse_mass([1000.0, 0.0], [0.0, 100.0], [0.0, 100.0], np.pi)
    array([1000.,  200.])
    """
    m, pt, met = (np.asarray(each, np.float64) for each in (mass, pt, met))
    energy = np.sqrt(m**2 + pt**2)
    return np.sqrt(m**2 + 2 * met * (energy - pt * np.cos(delta_phi)))


def select_svj(
    events: Events, cuts: SvjCuts | None = None, threads: int | None = None
) -> SvjSelection:
    """Select events with two fat jets, much missing momentum along one of them.

    Jets are clustered from the particles. J0 and J1 are the two hardest fat jets that
    keep the cuts on pt and eta.

    Parameters
    ----------
    events : Events
        With `met` (pt, phi) and `particles`.
    cuts : SvjCuts, optional
        Default: those of the talk.
    threads : int, optional
        For clustering; never changes the result.

    Returns
    -------
    SvjSelection

    Raises
    ------
    UserError
        A collection is absent; the message says which source could give it.

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, "Trigger & Preselection".
    """
    cuts = cuts or SvjCuts()
    events.require(
        "met.pt", "met.phi", "particles", why="the selection of semi-visible jets"
    )
    sequence = CutSequence(events.weight)
    particles, met = events.array.particles, events.array.met
    ht = _scalar_sum(particles, cuts, threads)
    left = sequence.apply(f"HT > {cuts.ht_min_gev:g} GeV", ht > cuts.ht_min_gev)
    ht, met, particles = ht[left], met[left], particles[left]
    jets = _fat_jets(particles, cuts, threads)
    two = sequence.apply(
        f"two fat jets with pT >= {cuts.fat_jet_pt_min_gev:g} GeV, "
        f"|eta| <= {cuts.fat_jet_abs_eta_max:g}",
        ak.num(jets.pt) >= 2,
    )
    jets = jets[two][:, :2]
    variables = _variables(jets, met[two], ht[two])
    m_t, r_t, phi = (
        cuts.transverse_mass_min_gev,
        cuts.transverse_ratio_min,
        cuts.delta_phi_max,
    )
    selected = sequence.apply_each(
        ak.zip({"jets": jets, **variables}, depth_limit=1),
        {
            f"M_T > {m_t:g} GeV": lambda e: e.transverse_mass > m_t,
            f"R_T > {r_t:g}": lambda e: e.transverse_ratio > r_t,
            f"min delta phi < {phi:g}": lambda e: e.delta_phi_min < phi,
        },
    )
    jets = selected.jets
    variables = {name: ak.to_numpy(selected[name]) for name in variables}
    in_signal_plane = variables["delta_eta"] < cuts.delta_eta_max
    planes = _planes(sequence, events, in_signal_plane, cuts)
    return SvjSelection(
        sequence.mask, in_signal_plane, variables, jets, sequence.cutflow, planes
    )


def _scalar_sum(
    particles: ak.Array, cuts: SvjCuts, threads: int | None
) -> NDArray[np.float64]:
    jets = cluster(
        particles,
        algorithm="antikt",
        radius=cuts.small_jet_radius,
        pt_min_gev=cuts.small_jet_pt_min_gev,
        threads=threads,
    )
    central = jets[np.abs(jets.eta) < cuts.small_jet_abs_eta_max]
    return np.asarray(ak.sum(central.pt, axis=1), np.float64)


def _fat_jets(particles: ak.Array, cuts: SvjCuts, threads: int | None) -> ak.Array:
    jets = cluster(
        particles,
        algorithm="antikt",
        radius=cuts.fat_jet_radius,
        pt_min_gev=cuts.fat_jet_pt_min_gev,
        threads=threads,
    )
    return jets[np.abs(jets.eta) <= cuts.fat_jet_abs_eta_max]


def _variables(
    jets: ak.Array, met: ak.Array, ht: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    def column(values: ak.Array) -> NDArray[np.float64]:
        return np.asarray(ak.to_numpy(values), np.float64)

    leading, subleading = jets[:, 0], jets[:, 1]
    both = leading.add(subleading)
    missing, phi = column(met.pt), column(met.phi)
    pts = [column(jet.pt) for jet in (leading, subleading)]
    to_met = [np.abs(column(jet.deltaphi(met))) for jet in (leading, subleading)]
    mass = column(both.mass)
    m_t = transverse_mass(mass, column(both.pt), missing, column(both.deltaphi(met)))
    return {
        "ht": ht,
        "mass": mass,
        "met": missing,
        "met_phi": phi,
        "transverse_mass": m_t,
        # Two jets of 150 GeV have some mass; without any there is no ratio.
        "transverse_ratio": np.divide(
            missing, m_t, out=np.zeros_like(m_t), where=m_t > 0
        ),
        "delta_phi_min": np.minimum(*to_met),
        "delta_phi_leading": to_met[0],
        "delta_phi_subleading": to_met[1],
        "delta_phi_jets": np.abs(column(leading.deltaphi(subleading))),
        "delta_eta": np.abs(column(leading.eta) - column(subleading.eta)),
        "balance_jets": _balance(*pts),
        "balance_leading": _balance(pts[0], missing),
        "balance_subleading": _balance(pts[1], missing),
    }


def _balance(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """z(a, b) = min(pT_a, pT_b) / (pT_a + pT_b)."""
    return np.minimum(first, second) / (first + second)


def _planes(
    sequence: CutSequence,
    events: Events,
    in_signal_plane: NDArray[np.bool_],
    cuts: SvjCuts,
) -> dict[str, CutFlow]:
    """Add a last row of each plane to the cut flow so far."""
    selected = np.asarray(events.weight, np.float64)[sequence.mask]
    sign = {"SP": "<", "VP": ">="}
    planes = {}
    for name, inside in (("SP", in_signal_plane), ("VP", ~in_signal_plane)):
        last = CutSequence(selected)
        last.apply(f"|delta eta| {sign[name]} {cuts.delta_eta_max:g} ({name})", inside)
        rows = (*sequence.cutflow.rows, last.cutflow.rows[1])
        planes[name] = CutFlow(rows)
    return planes
