"""The study of the method's assumption: jets of two samples must be alike.

The control region can stand for the signal region if the structure of the jet does
not know what the boson became: Z to neutrinos, Z to leptons, W to l nu. A network is
trained to tell sample from sample, of equal kinematics, and asked about jets that it
has not seen.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.digests import digest
from oddjet.runs.errors import UserError
from oddjet.runs.provenance import provenance
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage
from oddjet.searches.reweighting import matched_kinematics
from oddjet.searches.tensors import TENSORS, read_tensors
from oddjet.stats.exchangeability import (
    ExchangeabilityTest,
    exchangeability_test,
    overlap_weights,
)
from oddjet.stats.reweighting import cells_of, quantile_edges
from oddjet.studies.assumption_config import AssumptionConfig
from oddjet.studies.assumption_page import assumption_report
from oddjet.studies.mixtures import draw_mixture
from oddjet.studies.preparing import prepare_stages
from oddjet.studies.repeats import markdown_table
from oddjet.studies.rows import scored_mixture
from oddjet.studies.study import Study, leave

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.studies.assumption_config import StrataConfig
    from oddjet.studies.mixtures import Mixture

__all__ = ["AssumptionStudy", "compare"]

COMPARISON = "comparison.json"


class AssumptionStudy(Study[AssumptionConfig]):
    """Pairs of samples that a network must not tell apart."""

    config_class = AssumptionConfig

    def stages(self, checkpoints: Path) -> list[Stage]:
        """Plan the study: samples, a comparison for every pair, the verdicts."""
        config = self.config
        names = dict.fromkeys(name for pair in config.pairs for name in pair)
        processes = {f"prepare-{name}": config.samples[name] for name in names}
        prepares = prepare_stages(processes, config, self.base)
        compares = [
            Stage(
                f"compare-{first}-{second}",
                compare,
                inputs=(f"prepare-{first}", f"prepare-{second}"),
                arguments={
                    # Pairs that come or go leave the others as they are.
                    "study": config.model_copy(
                        update={"samples": {}, "comparisons": ()}
                    ),
                    "pair": (first, second),
                },
                sources={"made_with": digest(provenance())},
                untracked={"checkpoints": checkpoints},
            )
            for first, second in config.pairs
        ]
        return [*prepares, *compares, self.collecting(compares)]

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        stages: tuple[str, ...],
        study: AssumptionConfig,
    ) -> None:
        """Put the comparisons together, as a stage."""
        rows = [
            json.loads((inputs[name] / COMPARISON).read_text("utf-8"))
            for name in stages
        ]
        found: dict[str, Any] = {
            "comparisons": rows,
            "alike": all(row["alike"] for row in rows),
            "table": _table(rows),
        }
        leave(directory, found, assumption_report(found, study))


def compare(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: AssumptionConfig,
    pair: tuple[str, str],
    checkpoints: Path,
) -> None:
    """Train networks to tell two samples apart and test them, as a stage."""
    seed = derive_seed(study.seed, "compare", *pair)
    mixture = _drawn(inputs, study, pair, seed)
    is_first = mixture.in_signal_region
    stratum = _strata(mixture, study.strata)
    networks = study.training.num_scored_folds * study.training.networks
    with progress.task(f"compare {' and '.join(pair)}", total=networks) as task:
        found, folds = scored_mixture(
            mixture,
            is_first,
            study,
            seed,
            checkpoints,
            # Held-out labels enter in a way that no permutation of them changes.
            weight=overlap_weights(stratum, is_first),
            on_network=task.advance,
        )
    tests = []
    for fold in range(study.training.num_scored_folds):
        own = (folds == fold) & np.isfinite(found.score)
        fold_seed = derive_seed(seed, "permutations", fold)
        test = _tested(found.score[own], is_first[own], stratum[own], study, fold_seed)
        tests.append({"fold": fold, "num_jets": int(own.sum()), **asdict(test)})
    p_value = combined_p_value(
        [t[name] for t in tests for name in ("auc_p_value", "tail_p_value")]
    )
    write_json_atomic(
        directory / COMPARISON,
        {
            "first": pair[0],
            "second": pair[1],
            "num_first": int(is_first.sum()),
            "num_second": int((~is_first).sum()),
            "folds": tests,
            "p_value": p_value,
            "alike": p_value >= study.p_value_min,
            "losses": [list(loss) for loss in found.losses],
        },
    )


def _tested(
    score: NDArray[np.float64],
    is_first: NDArray[np.bool_],
    stratum: NDArray[np.intp],
    study: AssumptionConfig,
    seed: int,
) -> ExchangeabilityTest:
    """Test the jets of one fold."""
    try:
        return exchangeability_test(
            score,
            is_first,
            stratum,
            tail=study.tail,
            permutations=study.permutations,
            seed=seed,
        )
    except ValueError as error:
        message = (
            "the two samples have no stratum in common among the jets of one fold; use"
            " fewer bins in strata, or more jets"
        )
        raise UserError(message) from error


def combined_p_value(p_values: list[float]) -> float:
    """Give the smallest p-value with its price for n of them, min(1, n p).

    Valid however they depend on each other (Bonferroni): the networks of one fold have
    seen the jets of the other.

    Examples
    --------
    >>> combined_p_value([0.5, 0.02, 0.3])
    0.06
    """
    return min(1.0, len(p_values) * min(p_values))


def _drawn(
    inputs: Mapping[str, Path],
    study: AssumptionConfig,
    pair: tuple[str, str],
    seed: int,
) -> Mixture:
    """Draw jets of both samples; the first one has the label of a signal region."""
    samples = {name: read_tensors(inputs[f"prepare-{name}"] / TENSORS) for name in pair}
    first, second = pair
    number = {name: study.num_jets or len(jets) for name, jets in samples.items()}
    return draw_mixture(
        {first: samples[first]},
        {second: samples[second]},
        ({first: number[first]}, {second: number[second]}),
        derive_seed(seed, "draw"),
    )


def _strata(mixture: Mixture, strata: StrataConfig) -> NDArray[np.intp]:
    """Sort jets by kinematics, without regard to the sample."""
    assert mixture.kinematics is not None
    bins = (strata.jet_pt, strata.jet_eta, strata.recoil)
    kinematics = matched_kinematics(mixture.kinematics)
    return cells_of(kinematics, quantile_edges(kinematics, bins))


def _table(rows: list[dict[str, Any]]) -> str:
    head = ["samples", "jets", "AUC by fold", "tail by fold", "p value", "verdict"]
    lines = []
    for row in rows:
        tests = row["folds"]
        lines.append(
            [
                f"{row['first']} and {row['second']}",
                f"{row['num_first']} + {row['num_second']}",
                ", ".join(f"{t['auc']:.4f} ± {t['auc_width']:.4f}" for t in tests),
                ", ".join(
                    f"{t['num_tail']} of {t['tail_expected']:.1f}" for t in tests
                ),
                f"{row['p_value']:.3g}",
                "alike" if row["alike"] else "told apart",
            ]
        )
    return markdown_table(head, lines)
