"""The detector: from final-state particles to energy flow.

The energy flow of Delphes (J. de Favereau et al., arXiv:1307.6346) with the numbers
of its `cards/delphes_card_ATLAS.tcl`, vectorised over the particles of many events.
Simpler than there: no solenoid bends the particles on their way to the calorimeters,
so every particle hits the tower in its own direction.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oddjet.simulate.calorimetry import measure
from oddjet.simulate.particles import Particles, is_invisible
from oddjet.simulate.towers import ECAL, HCAL
from oddjet.simulate.tracks import find_tracks

__all__ = ["calorimeter_towers", "energy_flow"]

CHARGED_PION, CHARGED_PION_MASS_GEV = 211, 0.13957


def energy_flow(particles: Particles, random: np.random.Generator) -> Particles:
    """Measure the particles of events.

    Parameters
    ----------
    particles : Particles
        Final state of the generator, invisible particles included.
    random : Generator
        The source of all measurement errors.

    Returns
    -------
    Particles
        Tracks and neutral towers, by event, hardest first. Tracks of hadrons are
        taken for charged pions (+-211), electrons (11) and muons (13) keep
        their identity; towers are massless and called photon (22) or
        neutral kaon (130) after their calorimeter.
    """
    visible = particles[~is_invisible(particles.pdg_id)]
    tracks, resolution = find_tracks(visible, random)
    tracks, photons = measure(ECAL, visible, tracks, resolution, random)
    tracks, neutral_hadrons = measure(HCAL, visible, tracks, resolution, random)
    flow = Particles.concatenate(_as_measured(tracks), photons, neutral_hadrons)
    return flow.hardest_first()


def calorimeter_towers(particles: Particles, random: np.random.Generator) -> Particles:
    """Measure the particles of events with the calorimeters alone.

    Parameters
    ----------
    particles : Particles
        Final state of the generator, invisible particles included.
    random : Generator
        The source of all measurement errors.

    Returns
    -------
    Particles
        Massless towers, by event, hardest first, called photon (22) or neutral kaon
        (130) after their calorimeter. Muons leave nothing there.
    """
    visible = particles[~is_invisible(particles.pdg_id)]
    none, resolution = visible[:0], np.zeros(0)
    towers = [
        measure(calorimeter, visible, none, resolution, random)[1]
        for calorimeter in (ECAL, HCAL)
    ]
    return Particles.concatenate(*towers).hardest_first()


def _as_measured(tracks: Particles) -> Particles:
    """Forget the species of hadrons, which no such detector tells apart."""
    hadron = np.abs(tracks.pdg_id) > 100
    pion = CHARGED_PION * np.sign(tracks.charge).astype(np.int32)
    return replace(
        tracks,
        mass=np.where(hadron, CHARGED_PION_MASS_GEV, tracks.mass),
        pdg_id=np.where(hadron, pion, tracks.pdg_id),
    )
