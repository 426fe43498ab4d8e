"""Do the CLs limits of a masked fit cover, and are they those of a Gaussian?

    python bench/check_dijet_limits.py --toys 1000

Toys of a falling spectrum with a signal of mu standard deviations in the signal
region: fit beside it, CLs inside it. In 95 % of them or more (less two statistical
errors) the limit must lie above the truth at every mu, and as often as the closed form
of a Gaussian says (0.974 at mu = 2 sigma), within three statistical errors.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from oddjet.runs.provenance import provenance
from oddjet.stats.bump_hunt import Window, hunt_window
from oddjet.stats.limits import (
    asymptotic_cls,
    gaussian_coverage,
    gaussian_upper_limit,
    upper_limit,
)

WINDOW, EVENTS = Window(2600.0, 3200.0), 20_000
TESTED = (0.5, 1.0, 2.0, 3.0, 5.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--toys", type=int, default=1000)
    results = Path(__file__).parent / "results" / "dijet_limits_epyc_202611.json"
    parser.add_argument("--results", type=Path, default=results)
    options = parser.parse_args()
    started = time.process_time()
    background = _background()
    sigma = _sigma(background)
    rows = [_row(mu, background, sigma, options.toys) for mu in TESTED]
    report: dict[str, Any] = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "made_with": provenance(),
        "events_in_window": EVENTS,
        "sigma_events": sigma,
        "toys": options.toys,
        "coverage": rows,
        "limit_over_gaussian": _closed_form(background),
        "seconds_cpu": time.process_time() - started,
    }
    report["passes"] = all(row["passes"] for row in rows)
    options.results.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps({k: v for k, v in report.items() if k != "made_with"}, indent=1))
    sys.exit(not report["passes"])


def _background() -> np.ndarray:
    """A function of the ladder, so that what is tested is the limit."""
    centres = (WINDOW.edges_gev[1:] + WINDOW.edges_gev[:-1]) / 2
    shape = (1 - centres / 13e3) ** 9 * (centres / 2e3) ** -4
    return EVENTS * shape / np.sum(shape)


def _sigma(background: np.ndarray) -> float:
    """Standard deviation of observed minus expected events in the signal region."""
    model = hunt_window(WINDOW, background).model
    assert model is not None
    return math.hypot(math.sqrt(model.background), model.uncertainty)


def _row(mu: float, background: np.ndarray, sigma: float, toys: int) -> dict[str, Any]:
    """Count the limits above the truth, where CLs is above 5 %."""
    random = np.random.default_rng(int(100 * mu))
    inside = WINDOW.in_signal_region
    signal = np.where(inside, mu * sigma / np.sum(inside), 0.0)
    covered, done = 0, 0
    for _ in range(toys):
        counts = random.poisson(background + signal).astype(np.float64)
        model = hunt_window(WINDOW, counts).model
        if model is None:
            continue
        done += 1
        covered += (
            asymptotic_cls(replace(model, signal=mu * sigma), 1.0).observed > 0.05
        )
    found, wanted = covered / done, gaussian_coverage(mu)
    print(f"mu = {mu}: {found:.4f}, a Gaussian {wanted:.4f}", flush=True)
    error = math.sqrt(wanted * (1 - wanted) / done)
    return {
        "mu_over_sigma": mu,
        "coverage": found,
        "error": error,
        "gaussian": wanted,
        "failed_fits": toys - done,
        "passes": found >= 0.95 - 2 * math.sqrt(0.0475 / done)
        and abs(found - wanted) < 3 * max(error, 1 / done),
    }


def _closed_form(background: np.ndarray) -> list[dict[str, float]]:
    """Compare limits with those of a Gaussian of the same width."""
    rows = []
    for pull in (-1.0, 0.0, 2.0):
        model = hunt_window(WINDOW, background).model
        assert model is not None
        sigma = math.hypot(math.sqrt(model.background), model.uncertainty)
        shifted = replace(model, observed=model.background + pull * sigma)
        limit = upper_limit(
            lambda mu, shifted=shifted: (
                asymptotic_cls(shifted, mu, statistic="q").observed
            )
        )
        assert limit.value is not None
        ratio = limit.value / gaussian_upper_limit(pull * sigma, sigma)
        rows.append({"pull": pull, "ratio": ratio})
    return rows


if __name__ == "__main__":
    main()
