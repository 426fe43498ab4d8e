"""Does the training of two ABCD scores close, and what does it find?

    python bench/check_abcd_toy.py [--seeds 1 2] [--cases entropy] [--result FILE.json]

On the Gaussian toy of arXiv:2007.14400, section 3, with correlation +0.8: with the -0.8
of the paper cuts that keep 30 % of the signal leave one background event in a million.
Trained on the same events are Double DisCo at fixed weights, cross-entropy under
constraints, and the expected significance or CLs themselves under the same constraints.
Closure and R(X, Y) are told at
30 % signal efficiency on events that no training saw; the significance at the cuts of
highest significance on one half of these events, quoted on the other.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

import oddjet
from oddjet.learn.abcd_config import (
    AbcdTrainingConfig,
    AnalysisObjective,
    ClosureTerm,
    DecorrelationTerm,
)
from oddjet.learn.abcd_sample import AbcdSample
from oddjet.learn.abcd_training import AbcdTrainer
from oddjet.learn.losses.abcd_inference import expected_significance
from oddjet.stats.abcd import closure_test
from oddjet.stats.score_grid import yields_of_cuts

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import gaussian_toy as toy  # the one definition, with the tests

#: Expected events: the signal is 0.3 % of the background.
BACKGROUND, SIGNAL = 1e5, 300.0
SHARED = {
    "hidden": (32, 32),
    "learning_rate": 5e-3,
    "epochs": 12,
    "steps": 10,
    "batch_events": 200_000,
    "weight_average": 0.95,
    "signal_over_background": 1.0,
}
#: Background events for each of the signal, which a tenth describes as well.
BACKGROUND_SHARE = 10
#: At 30 % signal efficiency three to eight in a thousand of the background pass: some
#: 500 to 1,500 of a step with 180,000 of it, which show the closure to 2 or 4 %. Of
#: fewer most of the term is noise, and more is asked of the scores by luck than need.
#: A target of 0.01 is a prediction off by 2 %.
#: Averaged over all cuts the closure keeps its target while the tail misses it (+2 to
#: +7 %): it is asked of cuts that keep 0.05 to 3 %.
CONSTRAINTS = {
    "decorrelate": (DecorrelationTerm(between=("X", "Y"), target=0.03),),
    "closure": (ClosureTerm(target=0.01),),
    "cut_min_events": 100.0,
    "cut_max_fraction": 0.03,
}
#: Of the weights 5, 50 and 500 the first one with which Double DisCo closes (-45 % and
#: -0.1 % with 5 and 50, seed 1); with 500 neither score separates anything.
CASES = {
    "Double DisCo, fixed weights": AbcdTrainingConfig(
        **SHARED,
        method="fixed_weights",
        decorrelate=(
            DecorrelationTerm(between=("X", "Y"), weight=50.0, squared=True),
            DecorrelationTerm(
                between=("X", "Y"), weight=50.0, squared=True, above_quantile=0.5
            ),
        ),
    ),
    "cross-entropy + constraints": AbcdTrainingConfig(**SHARED, **CONSTRAINTS),
    "significance + constraints": AbcdTrainingConfig(
        **SHARED, **CONSTRAINTS, analysis=AnalysisObjective(warm_up_epochs=6)
    ),
    "CLs + constraints": AbcdTrainingConfig(
        **SHARED,
        **CONSTRAINTS,
        analysis=AnalysisObjective(maximise="exclusion", warm_up_epochs=6),
    ),
}


def sample(events, seed):
    """So many of the background, fewer of the signal; weights are expected events."""
    signal = toy.signal(events // BACKGROUND_SHARE, seed)
    background = toy.background(events, seed + 1, toy.OVERLAPPING)
    features = np.concatenate([signal, background])
    is_signal = np.arange(len(features)) < len(signal)
    weight = np.where(is_signal, SIGNAL / len(signal), BACKGROUND / events)
    return AbcdSample(features, is_signal, weight)


def significance(scores, half, levels):
    """Of one half of the held-out events, at cuts by signal quantiles of the first.

    Returns an array of shape (levels, levels); 0 where a region has no background.
    """
    cuts = [np.quantile(scores["signal"][which][::2], levels) for which in "XY"]
    yields = {}
    for name, total in (("background", BACKGROUND), ("signal", SIGNAL)):
        x, y = (scores[name][which][half::2] for which in "XY")
        counts = yields_of_cuts(
            x,
            y,
            x_cuts=cuts[0],
            y_cuts=cuts[1],
            bin_of=np.zeros(len(x), int),
            num_bins=1,
        ).weight
        scale = total / len(x)
        yields[name] = counts.map(lambda n, scale=scale: torch.tensor(scale * n))
    found = np.zeros((len(levels), len(levels)))
    for pair in np.ndindex(found.shape):
        background, signal = (
            yields[name].map(lambda n, pair=pair: n[pair])
            for name in ("background", "signal")
        )
        if all(n.item() > 0 for n in background.named.values()):
            found[pair] = expected_significance(background, signal).item()
    return found


def quoted_significance(scores):
    """The cuts that are best on one half, on the other."""
    levels = np.linspace(0.05, 0.95, 13)
    first, second = (significance(scores, half, levels) for half in (0, 1))
    return float(second[np.unravel_index(np.argmax(first), first.shape)])


def row(name, config, events, held_out, seed):
    """Train once, and test."""
    trainer = AbcdTrainer(sample(events, seed), config, seed=seed)
    start = time.process_time()
    trainer.run()
    seconds = time.process_time() - start
    scores = {
        "background": trainer.scores(toy.background(held_out, 78, toy.OVERLAPPING)),
        "signal": trainer.scores(toy.signal(held_out // 10, 77)),
    }
    cut = toy.closing_cut(scores["signal"]["X"], scores["signal"]["Y"], 0.3)
    closure = closure_test(toy.regions(scores["background"], cut))
    first = [score[:100_000] for score in scores["background"].values()]
    return {
        "case": name,
        "seed": seed,
        "closure": closure.status,
        "non_closure": closure.non_closure,
        "non_closure_error": closure.non_closure_error,
        "background_efficiency": (closure.observed or 0.0) / held_out,
        "distance_correlation": oddjet.distance_correlation(*first),
        "significance": quoted_significance(scores),
        "cpu_seconds": seconds,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="of background")
    parser.add_argument("--held-out", type=int, default=2_000_000)
    parser.add_argument(
        "--cases", nargs="+", default=list(CASES), help="parts of names of cases"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--result", type=Path, help="rows are added to this file")
    options = parser.parse_args()
    rows = []
    if options.result and options.result.exists():
        rows = json.loads(options.result.read_text())["rows"]
    for seed in options.seeds:
        for name, config in CASES.items():
            if not any(part in name for part in options.cases):
                continue
            found = row(name, config, options.events, options.held_out, seed)
            rows.append(found)
            print(
                f"{name:<28} seed {seed}: non-closure {100 * found['non_closure']:+.1f}"
                f" +- {100 * found['non_closure_error']:.1f} % and background "
                f"{100 * found['background_efficiency']:.2f} % at 30 % signal, R "
                f"{found['distance_correlation']:.4f}, Z {found['significance']:.2f}, "
                f"{found['cpu_seconds']:.0f} s",
                flush=True,
            )
            if options.result:
                write(options, rows)


def write(options, rows):
    """All trainings so far, and how those of each case are spread."""
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": platform.processor() or platform.machine(),
        "events": options.events,
        "held_out": options.held_out,
        "wanted": "|non-closure| < 5 % and R < 0.05 at 30 % signal",
        "spread": {
            name: spread_of(rows, name)
            for name in dict.fromkeys(row["case"] for row in rows)
        },
        "rows": rows,
    }
    options.result.write_text(json.dumps(result, indent=1) + "\n")


def spread_of(rows, case):
    own = [row for row in rows if row["case"] == case]
    found = np.array([row["non_closure"] for row in own])
    return {
        "seeds": len(own),
        "within_5_percent": int(np.count_nonzero(np.abs(found) < 0.05)),
        "mean_non_closure": float(found.mean()),
        "largest_non_closure": float(np.abs(found).max()),
        "largest_distance_correlation": max(r["distance_correlation"] for r in own),
    }


if __name__ == "__main__":
    main()
