"""Networks of jet images on simulated jets, small enough for one core.

Images of pairs of jets (`reference_pairs.py`), semi-visible ones as signal and those
of Z + jets as background: no search, but the questions that one asks of a network.

mixtures, mixtures_shared: two mixtures of signal fraction f1 and 1 - f1, twenty
trainings each, with joint and with shared towers. curve: ACC and AUC against S/sqrt(B)
with the band without a signal, five trainings each. copies: what each kind of copies
and twice the luminosity change, ten trainings each, split before they are copied.
published: 75 x 75 pixels and the network of the note, as many events and epochs as a
core does in minutes, beside the small network on the same events.

    ODDJET_TEST_DATA=... python bench/check_image_networks.py mixtures curve copies \
        --work runs/images --results bench/results/image_networks_epyc_202611.json

Studies that were interrupted go on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from check_cwola_studies import SMALL_CNN, run_study
from oddjet.learn.models.image_config import ImageNetworkConfig
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from reference_pairs import SELECTION, WINDOWS, reference_pairs

SMALL: dict[str, Any] = {"convolutions": SMALL_CNN, "dense": [32]}
PUBLISHED = ImageNetworkConfig.published(towers="joint").model_dump(mode="json")
TRAINING = {"learning_rate": 1e-3, "batch_size": 128, "epochs": 12, "patience": 4}
BASE: dict[str, Any] = {
    "study": "images", "images": {"bins": 25}, "selection": SELECTION,
    "windows": WINDOWS, "background_events": [2000, 1500], "test_events": 300,
    "sensitivities": [], "compared_at": [], "luminosities": [], "augmentations": {},
    "background_efficiencies": [0.1, 0.01], "network": SMALL, "training": TRAINING,
}  # fmt: skip
MIXTURES = {"fractions": [0.5, 0.9, 1.0], "mixture_events": 300, "repeats": 20}
LITTLE = {"fractions": [1.0], "mixture_events": 400, "repeats": 2}
FEW_EPOCHS = TRAINING | {"batch_size": 64, "epochs": 4}
COPIES = {"sensitivities": [6], "compared_at": [6], "luminosities": [2.0]}

STUDIES: dict[str, dict[str, dict[str, Any]]] = {
    "mixtures": {"joint towers": MIXTURES},
    "mixtures_shared": {
        "shared towers": MIXTURES
        | {"network": SMALL | {"towers": "shared"}, "fractions": [0.5, 1.0]}
    },
    "curve": {"S/sqrt(B)": {"sensitivities": [0, 2, 4, 6, 8], "repeats": 5}},
    "copies": {
        "copies": COPIES | {"repeats": 10, "augmentations": None}  # the standard ones
    },
    "published": {
        "published network, 75 x 75": LITTLE
        | {"network": PUBLISHED, "images": {"bins": 75}, "training": FEW_EPOCHS},
        "small network, 25 x 25": LITTLE | {"training": FEW_EPOCHS},
    },
}


def main() -> None:
    options = _options()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {}
    if options.results is not None and options.results.exists():
        report = json.loads(options.results.read_text("utf-8"))
    report["made_with"] = provenance()
    samples = {
        name: {"files": [reference_pairs(jets, work)]}
        for name, jets in (("signal", "svj"), ("background", "zjet"))
    }
    for name in options.studies:
        report[name] = {}
        for place, (title, change) in enumerate(STUDIES[name].items()):
            changed = {k: v for k, v in change.items() if v is not None}
            config = {
                key: value for key, value in (BASE | samples | changed).items()
                if change.get(key, ...) is not None
            }  # fmt: skip
            start = time.process_time()
            with Progress() as progress:
                found = run_study(f"{name}_{place}", config, work, progress)
            found["cpu_seconds"] = time.process_time() - start
            report[name][title] = found
            print(f"{title} ({found['cpu_seconds']:.0f} s of CPU)\n\n{found['table']}")
            # After each: what was interrupted leaves what it had.
            if options.results is not None:
                text = json.dumps(report, indent=2) + "\n"
                options.results.write_text(text, "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="+", choices=list(STUDIES))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--results", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
