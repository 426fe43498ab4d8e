"""What the training of two ABCD scores aims at, besides its constraints.

Cross-entropy is not what an analysis wants: the alternatives are the analysis itself,
counted softly at fixed cuts, and differentiated through its fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from oddjet.learn.losses.abcd_inference import expected_cls, expected_significance
from oddjet.learn.losses.closure import soft_regions
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from oddjet.learn.abcd_config import AnalysisObjective
    from oddjet.learn.abcd_sample import EventTensors
    from oddjet.stats.region_yields import FourRegions

__all__ = ["analysis_loss", "cross_entropy"]


def cross_entropy(logits: Mapping[str, Tensor], batch: EventTensors) -> Tensor:
    """Give the binary cross-entropies of all scores, added.

    Parameters
    ----------
    logits : mapping of name to Tensor, shape (events,)
    batch : EventTensors
        With the classes balanced.

    Returns
    -------
    Tensor, shape ()
    """
    each = [
        binary_cross_entropy_with_logits(
            logit, batch.label, weight=batch.balanced, reduction="sum"
        )
        for logit in logits.values()
    ]
    return torch.stack(each).sum() / batch.balanced.sum()


def analysis_loss(
    scores: Mapping[str, Tensor],
    batch: EventTensors,
    objective: AnalysisObjective,
    *,
    scale: float,
    num_bins: int,
) -> Tensor:
    """Give minus the expected significance, or the logarithm of the expected CLs.

    Parameters
    ----------
    scores : mapping of "X" and "Y" to Tensor, shape (events,)
        In [0, 1].
    batch : EventTensors
        Its weights are expected events.
    objective : AnalysisObjective
    scale : float
        Expected events of the whole sample over those of the batch.
    num_bins : int
        Of the mass; 1 if the batch is in no bins.

    Returns
    -------
    float64 Tensor, shape ()

    Raises
    ------
    UserError
        A region of a bin without background.
    """
    yields = {}
    for name, chosen in (("signal", batch.label > 0), ("background", batch.label == 0)):
        yields[name] = soft_regions(
            scores["X"][chosen],
            scores["Y"][chosen],
            scale * batch.weight[chosen],
            cut=objective.cut,
            bin_of=None if batch.bin_of is None else batch.bin_of[chosen],
            num_bins=num_bins,
            sharpness=objective.sharpness,
        )
    _check_background(yields["background"])
    quantity = (
        expected_significance if objective.maximise == "significance" else expected_cls
    )
    found = quantity(
        yields["background"],
        yields["signal"],
        non_closure_floor=objective.non_closure_floor,
    )
    return -found if objective.maximise == "significance" else found.log()


def _check_background(background: FourRegions[Tensor]) -> None:
    for name, region in background.named.items():
        empty = torch.nonzero(~(region.detach() > 0)).ravel()
        if len(empty):
            i = int(empty[0])
            message = (
                f"ABCD training: bin {i} of the region {name} has a background of "
                f"{region[i].item():g} in a batch, which no analysis objective can use;"
                " take larger batches or wider bins"
            )
            raise UserError(message)
