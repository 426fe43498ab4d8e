"""Events of heavy flavour with hard neutrinos, without generating the others in vain.

Missing momentum of QCD jets is neutrinos of bottom and charm hadrons, and those that
carry away half of a jet are rare. An event is generated once, up to its heavy hadrons;
these decay many times, which costs little, and only decays with enough neutrino
momentum are kept. The weight is shared out such that its sum means what it meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.simulate.cards import NeutrinoCut
from oddjet.simulate.particles import NEUTRINOS

__all__ = ["Kept", "generate_kept"]

#: Charm and bottom hadrons that decay weakly: all that make hard neutrinos.
_WEAK = (
    *(411, 421, 431, 4122, 4132, 4232, 4332),
    *(511, 521, 531, 541, 5122, 5132, 5232, 5332),
)
_COLUMNS = ("id", "status", "daughter1", "px", "py", "pz", "e", "m")


@dataclass(frozen=True)
class Kept:
    """What is kept of a number of generated events.

    Attributes
    ----------
    batch : awkward array
        As `Pythia.nextBatch` gives it, of the fields that `flatten` reads.
    source : int64, shape (events,)
        Which of the generated events each comes from; several may share one.
    num_generated : int
    generated_weight : float
        Sum over the generated events, kept or not.
    """

    batch: ak.Array
    source: NDArray[np.int64]
    num_generated: int
    generated_weight: float


def generate_kept(pythia: Any, cut: NeutrinoCut, *, num_events: int) -> Kept:
    """Generate events and keep decays of their heavy hadrons with hard neutrinos.

    Of an event whose heavy hadrons are hard enough, `cut.decays` decays are drawn. If
    k of them pass, the first `cut.copies` of these are kept, with the weight of the
    event times k / decays shared equally: sums over what is kept have the expectation
    of sums over all events that pass.

    Parameters
    ----------
    pythia : pythia8mc.Pythia
        Initialised. Its heavy hadrons decay again afterwards.
    cut : NeutrinoCut
    num_events : int
        To generate; those that Pythia gives up are left out of the sums.

    Returns
    -------
    Kept
    """
    records, sources, weights = [], [], []
    generated, total = 0, 0.0
    for _ in range(num_events):
        _let_decay(pythia, decay=False)
        done = pythia.next()
        _let_decay(pythia, decay=True)
        if not done:
            continue
        weight = float(pythia.infoPython().weight())
        passed, kept = _hard_decays(pythia, cut)
        records += kept
        sources += [generated] * len(kept)
        weights += [weight * passed / cut.decays / max(len(kept), 1)] * len(kept)
        generated += 1
        total += weight
    return Kept(
        _as_batch(records, weights),
        np.array(sources, np.int64),
        generated,
        total,
    )


def _let_decay(pythia: Any, *, decay: bool) -> None:
    for code in _WEAK:
        pythia.particleData.mayDecay(code, decay)


def _hard_decays(
    pythia: Any, cut: NeutrinoCut
) -> tuple[int, list[NDArray[np.float64]]]:
    """Draw decays of an event; give how many pass, and the first of them."""
    event = pythia.event
    size = event.size()
    heavy = [i for i in range(size) if event[i].idAbs() in _WEAK and event[i].isFinal()]
    hard_scale = float(pythia.infoPython().pTHat())
    pt_min = max(cut.pt_min_gev, cut.fraction_min * hard_scale)
    # The neutrinos of a hadron are never harder than itself.
    if sum(event[i].pT() for i in heavy) < pt_min:
        return 0, []
    passed, kept = 0, list[NDArray[np.float64]]()
    for _ in range(cut.decays):
        pythia.moreDecays()
        if _neutrino_pt(event, size) > pt_min:
            passed += 1
            if len(kept) < cut.copies:
                kept.append(_columns(event))
        event.popBack(event.size() - size)
        for i in heavy:
            event[i].statusPos()
            event[i].daughters(0, 0)
    return passed, kept


def _neutrino_pt(event: Any, start: int) -> float:
    """Transverse momentum of the sum of the neutrinos from an entry on [GeV]."""
    px = py = 0.0
    for i in range(start, event.size()):
        particle = event[i]
        if particle.idAbs() in NEUTRINOS:
            px += particle.px()
            py += particle.py()
    return float(np.hypot(px, py))


def _columns(event: Any) -> NDArray[np.float64]:
    return np.array(
        [[getattr(p, name)() for name in _COLUMNS] for p in event], np.float64
    )


def _as_batch(events: list[NDArray[np.float64]], weights: list[float]) -> ak.Array:
    table = np.concatenate([np.zeros((0, len(_COLUMNS))), *events])
    flat = {name: table[:, i] for i, name in enumerate(_COLUMNS)}
    whole = {name: flat[name].astype(np.int32) for name in _COLUMNS[:3]}
    momentum = ak.zip({name: flat[name] for name in ("px", "py", "pz", "e")})
    records = ak.zip({**whole, "p": momentum, "m": flat["m"]}, depth_limit=1)
    counts = np.array([len(event) for event in events], np.int64)
    info = ak.zip({"weights": np.reshape(weights, (-1, 1))}, depth_limit=1)
    return ak.zip({"prt": ak.unflatten(records, counts), "info": info}, depth_limit=1)
