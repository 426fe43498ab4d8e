"""Pythia's event records as flat arrays: final state and truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.simulate.higgs_truth import higgs_quarks
from oddjet.simulate.particles import (
    DARK_MATTER,
    Particles,
    is_dark,
    is_heavy_hadron,
    is_invisible,
    sums_of,
)

__all__ = ["ChargeTable", "Generated", "flatten"]


@dataclass(frozen=True)
class Generated:
    """A batch of generated events.

    Attributes
    ----------
    num_events : int
    final : Particles
        Final state, invisible particles included.
    heavy_hadrons : Particles
        Hadrons with a bottom or charm quark of the hard collision, as they decay.
    truth : dict of arrays, shape (num_events,)
        `met_pt` and `met_phi`, the sum of the invisible particles [GeV, radians];
        `dark_hadrons` and `dark_energy` [GeV], number and energy of all hadrons of
        the dark sector, and of those that stay invisible, `invisible_dark_hadrons`
        and `invisible_dark_energy`.
    weight : float64, shape (num_events,)
        Pythia's weight, which undoes a biased choice of the phase space; else 1.
    source : int64, shape (num_events,)
        Which generated event of the batch each is; copies share one.
    num_generated : int
        Generated events, kept or not.
    generated_weight : float
        Of the generated events together, also of those that a generator cut stopped.
    cross_section_pb : float
        Of the process, as Pythia has estimated it until here [pb]; NaN if not asked.
    """

    num_events: int
    final: Particles
    heavy_hadrons: Particles
    truth: dict[str, NDArray[Any]]
    weight: NDArray[np.float64]
    source: NDArray[np.int64]
    num_generated: int
    generated_weight: float
    cross_section_pb: float = math.nan


class ChargeTable:
    """Charges of particle codes, asked from Pythia once a code."""

    def __init__(self, pythia: Any) -> None:
        self._particle_data = pythia.particleData
        self._known: dict[int, int] = {}

    def __call__(self, pdg_id: NDArray[np.int32]) -> NDArray[np.int8]:
        """Look up the charges of particles."""
        codes, positions = np.unique(pdg_id, return_inverse=True)
        charges = [self._charge(int(code)) for code in codes]
        return np.array(charges, dtype=np.int8)[positions]

    def _charge(self, code: int) -> int:
        if code not in self._known:
            self._known[code] = self._particle_data.chargeType(code) // 3
        return self._known[code]


def flatten(
    batch: ak.Array, charges: ChargeTable, *, with_higgs_quarks: bool = False
) -> Generated:
    """Take the final state and the truth out of Pythia's event records.

    Parameters
    ----------
    batch : awkward array
        As `Pythia.nextBatch` returns it.
    charges : ChargeTable
    with_higgs_quarks : bool
        Whether truth holds the `higgs_quarks` too.

    Returns
    -------
    Generated
        Of all generated events, once each.
    """
    records = batch.prt
    counts = ak.to_numpy(ak.num(records))
    pdg_id, status = _flat(records.id), _flat(records.status)
    event = np.repeat(np.arange(len(counts)), counts)
    columns = [_flat(records.p[axis]) for axis in ("px", "py", "pz")]
    columns.append(_flat(records.m))

    def chosen(rows: NDArray[np.intp]) -> Particles:
        px, py, pz, mass = (column[rows] for column in columns)
        pt = np.hypot(px, py)
        return Particles(
            event=event[rows],
            pt=pt,
            # A particle along the beam has no finite pseudorapidity; it is far
            # outside every detector either way.
            eta=np.arcsinh(pz / np.maximum(pt, 1e-12)),
            phi=np.arctan2(py, px),
            mass=np.maximum(mass, 0.0),
            charge=charges(pdg_id[rows]),
            pdg_id=pdg_id[rows],
        )

    particles = chosen(np.flatnonzero(status > 0))
    heavy = chosen(np.flatnonzero((status < 0) & is_heavy_hadron(pdg_id)))
    truth = _true_missing_momentum(particles, len(counts))
    if with_higgs_quarks:
        truth |= higgs_quarks(records)
    truth |= _dark_truth(records, pdg_id, status, event)
    weight = np.asarray(ak.to_numpy(batch.info.weights[:, 0]), np.float64)
    return Generated(
        len(counts), particles, heavy, truth, weight,
        source=np.arange(len(counts)), num_generated=len(counts),
        generated_weight=float(weight.sum()),
    )  # fmt: skip


def _dark_truth(
    records: ak.Array,
    pdg_id: NDArray[Any],
    status: NDArray[Any],
    event: NDArray[np.intp],
) -> dict[str, NDArray[Any]]:
    """Count the dark hadrons of each event and add up their energy [GeV]."""
    counts = ak.to_numpy(ak.num(records))
    # Statuses 83 and 84 mark hadrons from strings, positive if they are stable.
    dark = np.flatnonzero(is_dark(pdg_id) & np.isin(np.abs(status), (83, 84)))
    # Invisible are those that are stable, and those whose daughters are dark matter.
    first = np.repeat(np.cumsum(counts) - counts, counts)
    daughter = pdg_id[first[dark] + _flat(records.daughter1)[dark]]
    silent = (status[dark] > 0) | np.isin(np.abs(daughter), DARK_MATTER)
    energy = _flat(records.p["e"])
    truth: dict[str, NDArray[Any]] = {}
    for prefix, hadrons in (("", dark), ("invisible_", dark[silent])):
        number = np.bincount(event[hadrons], minlength=len(counts))
        total = sums_of(energy[hadrons], event[hadrons], len(counts))
        truth[f"{prefix}dark_hadrons"] = number.astype(np.int16)
        truth[f"{prefix}dark_energy"] = total.astype(np.float32)
    return truth


def _true_missing_momentum(
    particles: Particles, num_events: int
) -> dict[str, NDArray[Any]]:
    invisible = particles[is_invisible(particles.pdg_id)]
    px, py = invisible.momentum_sum(num_events)
    return {
        "met_pt": np.hypot(px, py).astype(np.float32),
        "met_phi": np.arctan2(py, px).astype(np.float32),
    }


def _flat(column: ak.Array) -> NDArray[Any]:
    return np.asarray(ak.to_numpy(ak.flatten(column)))
