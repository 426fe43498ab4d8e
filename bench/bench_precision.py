"""What fewer bits and students cost: `python bench/bench_precision.py TAGGER JETS...`.

Judged on a W tagger (`w_tagger.py`) and on jets that it was not trained on
(`w_jets.py`): efficiencies are those of QCD jets. Students learn from the tagger's
scores of a mixture in which one jet in twenty is a W, without being told which.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from oddjet.deploy.bundle import model_bytes, read_bundle
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.precision import reduce_precision
from oddjet.deploy.precision_report import area_under_curve
from oddjet.deploy.runtime import JetSession
from oddjet.learn.distillation import fitting_shape, train_student
from oddjet.learn.distillation_report import compare
from oddjet.learn.student_config import SHAPES, StudentTraining
from oddjet.learn.students import student_bytes, student_graph
from oddjet.learn.unlabelled_jets import UnlabelledJets
from oddjet.runs.provenance import provenance

W_SHARE = 0.05


def load(paths, skip):
    """Jets of all files, without the first ones."""
    files = [np.load(path) for path in paths]
    return tuple(
        np.concatenate([file[name] for file in files])[skip:]
        for name in ("values", "mask", "is_w")
    )


def reduced(model, jets, precision, threads):
    values, mask, is_w = jets
    with tempfile.TemporaryDirectory() as room:
        report = reduce_precision(
            model,
            values,
            mask,
            Path(room) / "reduced.onnx",
            precision=precision,
            is_signal=is_w,
            threads=threads,
            anyway=True,
        )
    print(report)
    return {
        "events": report.events,
        "auc": round(report.auc, 5),
        "auc_change": round(report.auc_change, 6),
        "points": {
            point.name: {
                "eps_b": point.efficiency,
                "eps_b_reduced": point.reduced_efficiency,
                "in_common": point.in_common,
                "selected": point.selected,
                "acceptable": bool(point.acceptable),
            }
            for point in report.working_points
        },
    }


def mixture(session, jets):
    """Nearly all QCD, as data would be, with the scores of the tagger."""
    values, mask, is_w = jets
    random = np.random.default_rng(1)
    kept = ~is_w | (random.random(len(is_w)) < W_SHARE)
    score, _ = session.run(values[kept], mask[kept])
    part = random.choice(3, kept.sum(), p=(0.6, 0.2, 0.2))
    weight = np.ones(len(score))
    return UnlabelledJets(values[kept], mask[kept], score, weight, part), is_w[kept]


def students(model, jets, options):
    bundle = read_bundle(model)
    session = JetSession(bundle.model, "cpu")
    mixed, is_w = mixture(session, jets)
    teaches, calibrates = mixed.of_part(0), mixed.of_part(1)
    tests, test_is_w = mixed.of_part(2), is_w[mixed.part == 2]
    signal = UnlabelledJets(
        *(
            column[test_is_w]
            for column in (
                tests.values, tests.mask, tests.score, tests.weight, tests.part
            )
        )
    )  # fmt: skip
    found = {}
    for kind in options.students:
        shape, latency = fitting_shape(kind, options.latency_us, bundle.spec, mixed)
        start = time.process_time()
        weights = train_student(
            shape,
            bundle.spec,
            teaches,
            StudentTraining(epochs=options.epochs),
            seed=1,
        )
        seconds = time.process_time() - start
        raw, _ = JetSession(
            model_bytes(student_graph(shape, weights, bundle.spec)), "cpu"
        ).run(calibrates.values, calibrates.mask)
        table = CalibrationTable.matching(raw, calibrates.score)
        student = JetSession(
            model_bytes(student_graph(shape, weights, bundle.spec, [table])),
            "cpu",
            bytes_per_constituent=student_bytes(shape, weights, bundle.spec),
        )
        report = compare(bundle, student, tests, signal, latency_us=latency)
        score, _ = student.run(tests.values, tests.mask)
        auc, own = (
            area_under_curve(x, test_is_w, tests.weight) for x in (tests.score, score)
        )
        print(f"{shape}: AUC {own:.4f} (teacher {auc:.4f}), {seconds:.0f} s\n{report}")
        found[kind] = {
            "shape": str(shape),
            "latency_us": round(latency, 1),
            "training_jets": len(teaches),
            "test_jets": len(tests),
            "auc": round(own, 4),
            "teacher_auc": round(auc, 4),
            "points": {point.name: vars(point) for point in report.points},
        }
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("jets", type=Path, nargs="+")
    parser.add_argument("--skip", type=int, default=0, help="jets it was trained on")
    parser.add_argument("--precision", nargs="*", default=["int8", "fp16"])
    parser.add_argument("--latency-us", type=float, default=100.0)
    parser.add_argument("--students", nargs="*", default=list(SHAPES))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, help="JSON to write")
    options = parser.parse_args()
    jets = load(options.jets, options.skip)
    result = {
        "theme": "precision",
        "hardware": f"{provenance()['cpu']}, {os.cpu_count()} cores, shared",
        "date": time.strftime("%Y-%m-%d"),
        "tagger": read_bundle(options.model).provenance,
        "jets": len(jets[2]),
    }
    for precision in options.precision:
        result[precision] = reduced(options.model, jets, precision, options.threads)
    if options.students:
        result["students"] = students(options.model, jets, options)
    if options.results:
        options.results.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
