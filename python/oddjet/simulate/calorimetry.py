"""What a calorimeter adds to the tracks: neutral towers, and better energies.

The algorithm is that of the module SimpleCalorimeter of Delphes (J. de Favereau
et al., arXiv:1307.6346, section 2.4 and the code of version 3.5), for all towers
of many events at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from oddjet.simulate.particles import Particles, sums_of
from oddjet.simulate.smearing import smear_positive
from oddjet.simulate.towers import Calorimeter

__all__ = ["HitTowers", "hit_towers", "measure"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class HitTowers:
    """The towers that were hit, sorted by event and tower.

    Attributes
    ----------
    event, tower : int64, shape (hit towers,)
    energy : float64, shape (hit towers,)
        True deposited energy [GeV], > 0.
    of_track : int64, shape (tracks,)
        Which of the hit towers each track points to; -1 for a track that
        deposits nothing here.
    """

    event: IntArray
    tower: IntArray
    energy: FloatArray
    of_track: IntArray


def measure(
    calorimeter: Calorimeter,
    particles: Particles,
    tracks: Particles,
    resolution: FloatArray,
    random: np.random.Generator,
) -> tuple[Particles, Particles]:
    """Measure particles with one calorimeter, and compare with the tracks.

    A tower holds the energy of all particles that hit it, smeared, or nothing
    below threshold. What it has more than its tracks becomes a neutral object if
    it is significant. If not, tower and tracks measure the same particles, and
    the tracks are scaled to the weighted mean of both: this is what keeps tracks
    of very high pt, whose curvature says little, from spoiling the energy.

    Parameters
    ----------
    calorimeter : Calorimeter
    particles : Particles
        All visible particles, with and without a track.
    tracks : Particles
        In the direction of their particles.
    resolution : float64, shape (tracks,)
        Relative resolution of the tracks.
    random : Generator
        One normal and two uniform numbers a hit tower are drawn from it.

    Returns
    -------
    tracks : Particles
        All of them, scaled where this calorimeter knows better.
    neutrals : Particles
        Massless, at a random point of their tower.
    """
    towers = hit_towers(calorimeter, particles, tracks)
    energy, sigma = _smear(calorimeter, towers, random)
    pointing = towers.of_track >= 0
    place = towers.of_track[pointing]
    from_tracks = tracks.energy[pointing]
    track_energy = sums_of(from_tracks, place, len(energy))
    track_variance = sums_of(
        (resolution[pointing] * from_tracks) ** 2, place, len(energy)
    )
    excess = energy - track_energy
    is_neutral = (excess > calorimeter.energy_min_gev) & (
        excess > calorimeter.significance_min * np.sqrt(track_variance + sigma**2)
    )
    scaled = ~is_neutral & (track_energy > 0)
    scale = np.ones(len(energy))
    tracks_weight = sigma[scaled] ** 2 / (sigma[scaled] ** 2 + track_variance[scaled])
    scale[scaled] = tracks_weight + (1 - tracks_weight) * (
        energy[scaled] / track_energy[scaled]
    )
    pt = tracks.pt.copy()
    pt[pointing] *= scale[place]
    neutrals = _neutrals(calorimeter, towers, np.where(is_neutral, excess, 0.0), random)
    return replace(tracks, pt=pt), neutrals


def hit_towers(
    calorimeter: Calorimeter, particles: Particles, tracks: Particles
) -> HitTowers:
    """Add up the energies of the particles that hit the same tower.

    Parameters
    ----------
    calorimeter : Calorimeter
    particles : Particles
        What misses the calorimeter is lost.
    tracks : Particles
        Some of the particles, in unchanged direction.

    Returns
    -------
    HitTowers
    """
    fraction = calorimeter.fraction(particles.pdg_id)
    tower = calorimeter.tower_at(particles.eta, particles.phi)
    hits = np.flatnonzero((tower >= 0) & (fraction > 0))
    num_towers = calorimeter.first_tower[-1]
    places, tower_of_hit = np.unique(
        particles.event[hits] * num_towers + tower[hits], return_inverse=True
    )
    energies = particles[hits].energy * fraction[hits]
    energy = sums_of(energies, tower_of_hit, len(places))
    track_tower = calorimeter.tower_at(tracks.eta, tracks.phi)
    deposits = (track_tower >= 0) & (calorimeter.fraction(tracks.pdg_id) > 0)
    # The particle of a track has hit the same tower, so its place is there.
    of_track = np.searchsorted(places, tracks.event * num_towers + track_tower)
    return HitTowers(
        event=places // num_towers,
        tower=places % num_towers,
        energy=energy,
        of_track=np.where(deposits, of_track, -1),
    )


def _smear(
    calorimeter: Calorimeter, towers: HitTowers, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Measured energies, 0 below threshold, and resolutions at these energies."""
    low, high, _, _ = calorimeter.tower_edges(towers.tower)
    abs_centre = np.abs(low + high) / 2
    true_sigma = calorimeter.resolution(towers.energy, abs_centre)
    energy = smear_positive(towers.energy, true_sigma, random)
    sigma = calorimeter.resolution(energy, abs_centre)
    least = np.maximum(calorimeter.energy_min_gev, calorimeter.significance_min * sigma)
    return np.where(energy < least, 0.0, energy), sigma


def _neutrals(
    calorimeter: Calorimeter,
    towers: HitTowers,
    energy: FloatArray,
    random: np.random.Generator,
) -> Particles:
    """Make an object of every tower with neutral energy."""
    low_eta, high_eta, low_phi, high_phi = calorimeter.tower_edges(towers.tower)
    eta = low_eta + (high_eta - low_eta) * random.random(len(energy))
    phi = low_phi + (high_phi - low_phi) * random.random(len(energy))
    seen = energy > 0
    count = int(seen.sum())
    return Particles(
        event=towers.event[seen],
        pt=(energy / np.cosh(eta))[seen],
        eta=eta[seen],
        phi=phi[seen],
        mass=np.zeros(count),
        charge=np.zeros(count, dtype=np.int8),
        pdg_id=np.full(count, calorimeter.pdg_id, dtype=np.int32),
    )
