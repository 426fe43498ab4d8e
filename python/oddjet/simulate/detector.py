"""The detector: from final-state particles to energy flow.

A vectorised energy flow in the spirit of Delphes (J. de Favereau et al.,
arXiv:1307.6346) with the numbers of its `cards/delphes_card_ATLAS.tcl`. Every
charged particle with a track is taken from its track; towers measure what is
left, neutral particles and charged ones without a track. Delphes instead adds
the tracked particles' energy to the towers, smears the sum and keeps what
exceeds the tracks: there, fluctuations of charged deposits appear as extra
neutral objects, which this per-particle form does not have.
"""

from __future__ import annotations

import numpy as np

from oddjet.simulate.particles import Particles, is_invisible
from oddjet.simulate.towers import (
    ECAL,
    HCAL,
    deposit,
    ecal_fraction,
    hcal_fraction,
    measure_towers,
)
from oddjet.simulate.tracks import find_tracks

__all__ = ["energy_flow"]

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
        Tracks and towers, by event, hardest first. Tracks of hadrons are
        taken for charged pions (+-211), electrons (11) and muons (13) keep
        their identity; towers are massless and called photon (22) or
        neutral kaon (130) after their calorimeter.
    """
    visible = particles[~is_invisible(particles.pdg_id)]
    found, tracks = find_tracks(visible, random)
    rest = visible[~found]
    ecal = deposit(rest, ecal_fraction(rest.pdg_id), ECAL)
    hcal = deposit(rest, hcal_fraction(rest.pdg_id), HCAL)
    return Particles.concatenate(
        _as_measured(tracks),
        measure_towers(ecal, ECAL, random),
        measure_towers(hcal, HCAL, random),
    ).hardest_first()


def _as_measured(tracks: Particles) -> Particles:
    """Forget the species of hadrons, which no such detector tells apart."""
    hadron = np.abs(tracks.pdg_id) > 100
    pion = CHARGED_PION * np.sign(tracks.charge).astype(np.int32)
    return Particles(
        tracks.event,
        tracks.pt,
        tracks.eta,
        tracks.phi,
        np.where(hadron, CHARGED_PION_MASS_GEV, tracks.mass),
        tracks.charge,
        np.where(hadron, pion, tracks.pdg_id),
    )
