"""Pile-up: further collisions in the same event."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from oddjet.events.coordinates import wrapped_azimuth
from oddjet.runs.errors import require
from oddjet.simulate.cards import Card
from oddjet.simulate.event_record import ChargeTable, Generated, flatten
from oddjet.simulate.generator import start_pythia
from oddjet.simulate.particles import Particles

__all__ = ["MOST_PILEUP", "Pileup"]

#: Beyond what the high-luminosity LHC will see.
MOST_PILEUP = 300
# Collisions that a block of events draws from; each is turned by a random angle.
_POOL = 500
_BATCH = 100

_CARD = Card(
    process="minimum_bias",
    description="inelastic, non-diffractive collisions, 13 TeV",
    met_min_gev=0,
    block_events=_POOL,
    pythia=(
        "Beams:eCM = 13000",
        "SoftQCD:nonDiffractive = on",
        "ParticleDecays:limitTau0 = on",
        "ParticleDecays:tau0Max = 10",
    ),
)


@dataclass
class Pileup:
    """A pool of minimum-bias collisions to lay over events.

    All come from the point of the hard collision, as if no vertex told them apart:
    nothing is subtracted, charged or neutral.

    Attributes
    ----------
    mean : float
        Mean of the Poisson number of collisions per event.
    pool : Particles
        Visible final states, sorted by collision.
    first : int64, shape (collisions + 1,)
        Where each collision starts in the pool.
    random : Generator
    """

    mean: float
    pool: Particles
    first: NDArray[np.int64]
    random: np.random.Generator

    @classmethod
    def generate(cls, mean: float, *, seed: int) -> Pileup:
        """Make the pool of a block.

        Parameters
        ----------
        mean : float
            > 0.
        seed : int

        Raises
        ------
        MissingExtra
            pythia8mc is not installed.
        """
        require("pythia8mc", extra="sim")
        pythia = start_pythia(_CARD, seed=seed)
        charges = ChargeTable(pythia)
        parts, collisions = [], 0
        for _ in range(_POOL // _BATCH):
            batch = flatten(pythia.nextBatch(_BATCH), charges)
            parts.append(replace(batch.final, event=batch.final.event + collisions))
            collisions += batch.num_events
        pool = Particles.concatenate(*parts)
        first = np.searchsorted(pool.event, np.arange(collisions + 1))
        random = np.random.Generator(np.random.Philox(key=seed))
        return cls(mean, pool, first, random)

    def onto(self, generated: Generated) -> Generated:
        """Lay collisions over the events of a batch.

        Parameters
        ----------
        generated : Generated

        Returns
        -------
        Generated
            With more final-state particles, sorted by event; truth is that of the
            hard collision.
        """
        numbers = self.random.poisson(self.mean, generated.num_events)
        event = np.repeat(np.arange(generated.num_events), numbers)
        drawn = self.random.integers(len(self.first) - 1, size=len(event))
        turn = self.random.uniform(-np.pi, np.pi, len(event))
        counts = self.first[drawn + 1] - self.first[drawn]
        start_of_collision = np.cumsum(counts) - counts
        collision = np.repeat(np.arange(len(event)), counts)
        row = self.first[drawn][collision] + np.arange(len(collision))
        added = self.pool[row - start_of_collision[collision]]
        phi = wrapped_azimuth(added.phi + turn[collision])
        added = replace(added, event=event[collision], phi=phi)
        both = Particles.concatenate(generated.final, added)
        order = np.argsort(both.event, kind="stable")
        return replace(generated, final=both[order])
