"""What a search for semi-visible jets leaves: results.json, and files for others."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from scipy import special

from oddjet.campaigns.campaign import Outcome
from oddjet.campaigns.task import failure_of
from oddjet.report.markup import Html
from oddjet.report.svj_limits import grid_points
from oddjet.report.svj_page import SvjPanels
from oddjet.runs.atomic import remove_tree, write_text_atomic
from oddjet.runs.stages import publish
from oddjet.searches.cutflows import write_cutflows
from oddjet.searches.event_table import read_event_table
from oddjet.searches.lund_plan import MEASURE, MODEL
from oddjet.searches.lund_stages import AREAS, PLANES
from oddjet.searches.lund_stages import MODEL as MODEL_FILE
from oddjet.searches.svj_data import OBSERVED
from oddjet.searches.svj_inference import CARD, EVALUATION, LIMIT, WORKSPACE
from oddjet.searches.svj_scan import read_scan
from oddjet.searches.svj_tasks import HISTORY, NETWORKS
from oddjet.searches.table_source import CUTFLOW, TABLE
from oddjet.searches.task_search import TASKS
from oddjet.select.cutflow import CutFlow, CutRow
from oddjet.stats.exclusion import excluded_ranges, limit_tables
from oddjet.stats.hepdata import write_hepdata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.searches.svj_config import SvjConfig
    from oddjet.stats.abcd_scan import WorkingPointScan

__all__ = ["LUND", "SvjOutputs", "publish_outputs", "svj_results"]

LUND, HEPDATA, DATA = "lund", "hepdata", "data"
_METHOD = "signed root of the profile likelihood ratio, local, largest of the grid"

#: Tasks that the page shows more of than results.json.
_DRAWN = ("train", "scan", "evaluate")
#: Effective events below which a region says little.
_FEW = 100
#: Probability of the bins below which the method does not close.
_UNLIKELY = 0.01


@dataclass(frozen=True)
class SvjOutputs:
    """What the tables, LundNet and the tasks left.

    Attributes
    ----------
    outcomes : mapping of name to Outcome
        "train", "scan", "evaluate", "model", perhaps "observe", and the points of the
        signal.
    tables : mapping of name to Path
        Directories of the selected events.
    lund : Path or None
        Directory of LundNet's stages.
    delta_eta_max : float
        Where the signal plane ends.
    blinded : bool
        Whether the signal plane of the data must not be looked at.
    """

    outcomes: Mapping[str, Outcome]
    tables: Mapping[str, Path]
    lund: Path | None
    delta_eta_max: float
    blinded: bool

    @classmethod
    def of_run(
        cls,
        run: Path,
        *,
        tasks: Mapping[str, str],
        tables: Sequence[str],
        lund: bool,
        delta_eta_max: float,
        blinded: bool,
    ) -> SvjOutputs:
        """Find them in a run directory again, as `drawing` has named them."""
        stages = run / "stages"
        places = {n: run / TASKS / "stages" / each for n, each in tasks.items()}
        return cls(
            {name: Outcome(each, failure_of(each)) for name, each in places.items()},
            {name: stages / name for name in tables},
            run / LUND / "stages" if lund else None,
            delta_eta_max,
            blinded=blinded,
        )

    def drawing(self) -> tuple[list[Path], dict[str, Any]]:
        """Give the stages that `panels` shows more of, and their names."""
        tasks = {name: self.outcomes[name].place for name in _DRAWN}
        stages = [*tasks.values(), *self.tables.values()]
        if self.lund is not None:
            stages.append(self.lund / MEASURE)
        named = {
            "tasks": {name: place.name for name, place in tasks.items()},
            "tables": list(self.tables),
            "lund": self.lund is not None,
            "delta_eta_max": self.delta_eta_max,
            "blinded": self.blinded,
        }
        return stages, named

    def json(self, task: str, name: str) -> Any:
        """Read a file of a task; None where the task failed or is not there."""
        outcome = self.outcomes.get(task)
        if outcome is None or outcome.reason is not None:
            return None
        return json.loads((outcome.place / name).read_text("utf-8"))

    def scan(self, task: str) -> WorkingPointScan | None:
        """Read the scan of a task."""
        outcome = self.outcomes[task]
        return None if outcome.reason is not None else read_scan(outcome.place)

    def cutflows(self) -> dict[str, CutFlow]:
        """Give the weighted cut flow of every sample of events."""
        flows = {}
        for name, place in self.tables.items():
            if not (place / CUTFLOW).exists():
                continue
            flow = CutFlow.from_csv((place / CUTFLOW).read_text("utf-8"))
            if name == DATA and self.blinded:
                flow = self._open_rows(flow, place)
            flows[name] = flow
        return flows

    def _open_rows(self, flow: CutFlow, place: Path) -> CutFlow:
        """Keep all events, which are no secret, and the validation plane."""
        table = read_event_table(place / TABLE)
        inside = table.columns["delta_eta"] >= self.delta_eta_max
        weight = table.weights[inside]
        total, squares = float(weight.sum()), float((weight**2).sum())
        last = CutRow("validation plane, all cuts", len(weight), total, squares)
        return CutFlow((flow.rows[0], last))

    def panels(self) -> SvjPanels:
        """Collect what the page draws."""
        maps = {}
        if self.lund is not None:
            maps = {
                plane: Html(
                    (self.lund / MEASURE / f"auc_{plane.lower()}.svg").read_text(
                        "utf-8"
                    )
                )
                for plane in PLANES
            }
        return SvjPanels(
            scan=self.scan("scan"),
            test_scan=self.scan("evaluate"),
            history=self.json("train", HISTORY),
            cutflows={
                name: [tuple(vars(row).values()) for row in flow.rows]
                for name, flow in self.cutflows().items()
            },
            areas=maps,
        )


def svj_results(
    config: SvjConfig, found: SvjOutputs, *, unblinded: bool
) -> dict[str, Any]:
    """Put the tasks together.

    Parameters
    ----------
    config : SvjConfig
    found : SvjOutputs
    unblinded : bool
        To be recorded.

    Returns
    -------
    dict
        The content of results.json; its schema is svj_results.schema.json.
    """
    points = [_point(config, found, i) for i in range(len(config.signal))]
    evaluation = found.json("evaluate", EVALUATION)
    history = found.json("train", HISTORY)
    determined = [point for point in points if point["status"] == "ok"]
    results: dict[str, Any] = {
        "schema_version": 1,
        "search": "svj",
        "oddjet_version": version("oddjet"),
        "seed": config.seed,
        "status": "ok" if determined else "not_determined",
        "blinded": found.blinded,
        "unblinded": unblinded,
        "is_null_test": False,
        "significance": None,
        "p_value": None,
        "uncertainty": {"statistical": None, "systematic": None},
        "luminosity_ifb": config.luminosity_ifb,
        "mass_edges_gev": list(config.mass_edges_gev),
        "working_point": _working_point(found),
        "contamination_max": config.scan.contamination_max,
        "planes": None if evaluation is None else evaluation["planes"],
        "data": found.json("observe", OBSERVED),
        "points": points,
        "excluded": _excluded(points),
        "training": None
        if history is None
        else {name: history[name] for name in ("targets", "unmet")},
        "areas": _areas(found),
        "warnings": _warnings(config, found, evaluation, history),
    }
    if not determined:
        reasons = [str(point["reason"]) for point in points]
        results["reason"] = _why(reasons, history)
    return results | _largest(points)


def _point(config: SvjConfig, found: SvjOutputs, number: int) -> dict[str, Any]:
    signal = config.signal[number]
    outcome = found.outcomes[signal.name]
    named = {
        "name": signal.name,
        "z_prime_mass_gev": signal.z_prime_mass_gev,
        "r_inv": signal.r_inv,
        "cross_section_pb": signal.cross_section_pb,
    }
    empty = dict.fromkeys(
        ("observed", "expected", "best_mu", "significance", "signal_events",
         "expected_significance")
    )  # fmt: skip
    if outcome.reason is not None:
        return {**named, **empty, "status": "not_determined", "reason": outcome.reason}
    return {**named, **empty, **(found.json(signal.name, LIMIT) or {})}


def _working_point(found: SvjOutputs) -> dict[str, Any] | None:
    scan = found.scan("scan")
    return None if scan is None or scan.chosen is None else scan.point(*scan.chosen)


def _why(reasons: list[str], history: Mapping[str, Any] | None) -> str:
    """Give the first reason, and the constraints that may have led to it."""
    reason = reasons[0].rstrip(".")
    if history is not None and history["unmet"]:
        missed = "; ".join(history["unmet"])
        return f"{reason}; the training did not meet its constraints on {missed}"
    return reason


def _excluded(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the excluded masses of every invisible fraction."""
    rows = []
    for r_inv in sorted({point["r_inv"] for point in points}):
        here = sorted(
            (point for point in points if point["r_inv"] == r_inv),
            key=lambda point: float(point["z_prime_mass_gev"]),
        )
        masses = [point["z_prime_mass_gev"] for point in here]
        medians = [p["expected"][2] if p["expected"] else None for p in here]
        rows.append(
            {
                "r_inv": r_inv,
                "expected_gev": excluded_ranges(masses, medians),
                "observed_gev": excluded_ranges(masses, [p["observed"] for p in here]),
            }
        )
    return rows


def _areas(found: SvjOutputs) -> list[dict[str, Any]] | None:
    if found.lund is None:
        return None
    with (found.lund / MEASURE / AREAS).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _warnings(
    config: SvjConfig,
    found: SvjOutputs,
    evaluation: Mapping[str, Any] | None,
    history: Mapping[str, Any] | None,
) -> list[str]:
    """Say what a reader must know before believing the numbers."""
    said = [
        f"no event of {name} passes the selection: it is missing in every sum"
        for name in config.background
        if not len(read_event_table(found.tables[name] / TABLE))
    ]
    if history is not None and history["unmet"]:
        missed = "; ".join(
            f"{name} is {value:.3g}, asked for {target:.3g}"
            for name, (value, target) in history["unmet"].items()
        )
        said.append(
            f"the training did not meet all constraints ({missed}): they contradict"
            " each other or the separation, or had too few steps"
        )
    if evaluation is not None:
        said += _closure_warnings(evaluation)
    seen = (found.json("observe", OBSERVED) or {}).get("VP")
    if seen is not None and (seen["binned"]["p_value"] or 1.0) < _UNLIKELY:
        said.append(
            "the prediction does not close on the data of the validation plane: p ="
            f" {seen['binned']['p_value']:.2g} for all bins, and no uncertainty of the"
            " limits covers what simulation does not show"
        )
    return said


def _closure_warnings(evaluation: Mapping[str, Any]) -> list[str]:
    said = []
    for plane, each in evaluation["planes"].items():
        fewest = min(each["effective_events"].values())
        if fewest < _FEW:
            said.append(
                f"the smallest region of the simulated background in {plane} is worth"
                f" {fewest:.0f} events of equal weight: closure is known no better than"
                " that"
            )
        if each["binned"]["status"] != "ok":
            said.append(f"closure in {plane} is not tested: {each['binned']['reason']}")
        elif each["binned"]["p_value"] < _UNLIKELY:
            said.append(
                f"the prediction does not close in {plane}: p ="
                f" {each['binned']['p_value']:.2g} for all bins"
            )
    return said


def _largest(points: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the largest local significance of data."""
    seen = [p for p in points if p["significance"] is not None]
    if not seen:
        return {}
    largest = max(seen, key=lambda point: float(point["significance"]))
    sigma = float(largest["significance"])
    return {
        "significance": {"sigma": sigma, "method": _METHOD},
        "p_value": float(special.ndtr(-sigma)),
        "largest": largest["name"],
    }


def publish_outputs(
    root: Path, config: SvjConfig, results: Mapping[str, Any], found: SvjOutputs
) -> None:
    """Copy to the run directory what people and other programs look for there.

    cutflow.csv, model.onnx of LundNet, networks.onnx of X and Y, hepdata/, and for
    each point workspaces/NAME.json and cards/NAME.txt.
    """
    flows = found.cutflows()
    write_text_atomic(root / CUTFLOW, write_cutflows(flows) if flows else "")
    if found.lund is not None:
        publish(found.lund / MODEL / MODEL_FILE, root / MODEL_FILE)
    model = found.outcomes["model"]
    if model.reason is None:
        publish(model.place / NETWORKS, root / NETWORKS)
    for folder, source, suffix in (
        ("workspaces", WORKSPACE, "json"),
        ("cards", CARD, "txt"),
    ):
        remove_tree(root / folder)
        (root / folder).mkdir()
        for point in config.signal:
            outcome = found.outcomes[point.name]
            if outcome.reason is None and (outcome.place / source).exists():
                publish(
                    outcome.place / source, root / folder / f"{point.name}.{suffix}"
                )
    remove_tree(root / HEPDATA)
    tables = limit_tables(grid_points(results["points"]))
    comment = f"Search for semi-visible jets, {config.luminosity_ifb:g} /fb"
    write_hepdata(root / HEPDATA, tables, comment=comment)
