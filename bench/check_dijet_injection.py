"""How well is a signal of S/B = 0.6 % found, next to what could be known?

    python bench/check_dijet_injection.py --trainings 10

A toy like the LHC Olympics: four features that move with the mass, 1,000 signal events,
of which about 770 are in the signal region among 121,000 of background. The features
are Gaussian, so that the supervised optimum is their likelihood ratio: its maximum
significance improvement is 17 +- 1 by construction. Next to it stand networks that tell
the data of the signal region from true background (idealised), from CATHODE and
CURTAINS, and from the sidebands themselves; the median of the trainings, at the cut
that is best among those whose background efficiency is known to 20 %.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from oddjet.background.spectrum import KernelSpectrum
from oddjet.learn.batched_training import train_members
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.learn.flows.config import CURTAINS_PRESETS, DENSITY_PRESETS
from oddjet.learn.flows.density import train_density
from oddjet.learn.flows.transport import train_transport
from oddjet.learn.member_batches import Member
from oddjet.runs.provenance import provenance

LOW, HIGH, SIDE = 3300.0, 3700.0, 400.0
FEATURES, SHIFT, WIDTH = 4, 1.38, 0.5
IN_REGION, BESIDE, SIGNAL = 121_000, 100_000, 1000
TEST_BACKGROUND, TEST_SIGNAL = 340_000, 20_000
CLASSIFIER = ClassifierConfig(
    hidden=(64, 64), batch_size=1024, learning_rate=2e-3, epochs=12, patience=4
)
WANTED = {
    "supervised": (16.0, 18.0),
    "idealised": (13.0, None),
    "cathode": (10.0, None),
    "curtains": (10.0, None),
}


def main() -> None:
    options = _options()
    report: dict[str, Any] = {}
    if options.results.exists():
        report = json.loads(options.results.read_text("utf-8"))
    toy = _Toy(options.seed)
    methods = {
        "supervised": toy.supervised, "idealised": toy.idealised,
        "sideband": toy.sideband, "cathode": toy.cathode, "curtains": toy.curtains,
    }  # fmt: skip
    for name in options.methods:
        started = time.process_time()
        values = methods[name](options.trainings)
        report[name] = {
            "median": float(np.median(values)),
            "all": values,
            "seconds_cpu": time.process_time() - started,
        }
        print(name, json.dumps(report[name]), flush=True)
        report |= {
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "made_with": provenance(),
        }
        report["passes"] = all(
            name in report and low <= report[name]["median"] <= (high or np.inf)
            for name, (low, high) in WANTED.items()
        )
        options.results.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    sys.exit(not report["passes"])


class _Toy:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        signal_mass = self.random.normal(3500, 165, SIGNAL)
        signal = self._signal(signal_mass)
        mass = self._masses(LOW, HIGH, IN_REGION)
        beside = np.concatenate(
            [
                self._masses(LOW - SIDE, LOW, BESIDE * 6 // 10),
                self._masses(HIGH, HIGH + SIDE, BESIDE * 4 // 10),
            ]
        )
        inside = (signal_mass >= LOW) & (signal_mass < HIGH)
        self.mass = np.concatenate([mass, signal_mass[inside]])
        self.data = np.concatenate([self._background(mass), signal[inside]])
        # The sidebands are thinned, and the signal in them with them.
        thin = self.random.random(SIGNAL) < 0.3
        self.beside_mass = np.concatenate([beside, signal_mass[~inside & thin]])
        self.beside = np.concatenate([self._background(beside), signal[~inside & thin]])
        test_mass = self._masses(LOW, HIGH, TEST_BACKGROUND)
        test_signal = self._signal(np.full(TEST_SIGNAL, 3500.0))
        self.test = np.concatenate([self._background(test_mass), test_signal])

    def _masses(self, low: float, high: float, events: int) -> np.ndarray:
        power = -5.0
        edge = low**power + self.random.random(events) * (high**power - low**power)
        return edge ** (1 / power)

    def _background(self, mass: np.ndarray) -> np.ndarray:
        drift = 0.2 * (mass - 3500)[:, None] / 400
        return drift + self.random.normal(size=(len(mass), FEATURES))

    def _signal(self, mass: np.ndarray) -> np.ndarray:
        return SHIFT + WIDTH * self.random.normal(size=(len(mass), FEATURES))

    def _best(self, scores: np.ndarray) -> float:
        """Give the best significance improvement with 25 background events or more."""
        background = np.sort(scores[:TEST_BACKGROUND])[::-1]
        signal = np.sort(scores[TEST_BACKGROUND:])
        kept = np.arange(25, TEST_BACKGROUND)
        above = len(signal) - np.searchsorted(signal, background[kept - 1])
        improvement = above / len(signal) / np.sqrt(kept / TEST_BACKGROUND)
        return float(improvement.max())

    def supervised(self, _: int) -> list[float]:
        """Give that of the likelihood ratio of signal and background at 3.5 TeV."""
        far = np.sum((self.test - SHIFT) ** 2, axis=1) / (2 * WIDTH**2)
        return [self._best(np.sum(self.test**2, axis=1) / 2 - far)]

    def _weak(self, template: np.ndarray, trainings: int) -> list[float]:
        table = np.concatenate([self.data, template])
        label = np.arange(len(table)) < len(self.data)
        members = []
        for number in range(trainings):
            order = np.random.default_rng(number).permutation(len(table))
            half = len(table) // 2
            members.append(Member(order[:half], order[half:], number))
        trained = train_members(table, label, members, CLASSIFIER)
        return [self._best(scores) for scores in trained.logits(self.test)]

    def idealised(self, trainings: int) -> list[float]:
        """Compare with twice as much true background of the same masses."""
        masses = self._masses(LOW, HIGH, 2 * IN_REGION)
        return self._weak(self._background(masses), trainings)

    def sideband(self, trainings: int) -> list[float]:
        """Compare with the sidebands."""
        return self._weak(self.beside, trainings)

    def cathode(self, trainings: int) -> list[float]:
        """Compare with draws from a density of the sidebands."""
        model = train_density(
            self.beside, self.beside_mass, config=DENSITY_PRESETS["cpu"], seed=1
        )
        spectrum = KernelSpectrum(self.mass, LOW, HIGH)
        masses = spectrum.draw(2 * IN_REGION, seed=2)
        return self._weak(model.sample(masses, seed=3), trainings)

    def curtains(self, trainings: int) -> list[float]:
        """Compare with events of the sidebands that were moved inside."""
        flow = train_transport(
            self.beside, self.beside_mass, config=CURTAINS_PRESETS["cpu"], seed=1
        )
        masses = KernelSpectrum(self.mass, LOW, HIGH).draw(2 * IN_REGION, seed=2)
        rows = np.arange(len(masses)) % len(self.beside)
        moved = flow.move(self.beside[rows], self.beside_mass[rows], masses)
        return self._weak(moved, trainings)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trainings", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    names = ("supervised", "idealised", "sideband", "cathode", "curtains")
    parser.add_argument("--methods", nargs="+", choices=names, default=list(names))
    results = Path(__file__).parent / "results" / "dijet_injection_epyc_202611.json"
    parser.add_argument("--results", type=Path, default=results)
    return parser.parse_args()


if __name__ == "__main__":
    main()
