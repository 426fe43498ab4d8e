"""Draw the regions of a row from samples of single processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from oddjet.searches.tensors import JetTensors

__all__ = ["Mixture", "draw_mixture"]


@dataclass(frozen=True)
class Mixture:
    """Jets of both regions, with what they are.

    Attributes
    ----------
    values, mask, kinematics
        As in `JetTensors`.
    in_signal_region : bool, shape (jets,)
    process : str, shape (jets,)
        Truth: for the table, never for training.
    """

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    in_signal_region: NDArray[np.bool_]
    process: NDArray[np.str_]
    kinematics: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.process)


def draw_mixture(
    samples: Mapping[str, JetTensors],
    control_samples: Mapping[str, JetTensors],
    composition: tuple[Mapping[str, int], Mapping[str, int]],
    seed: int,
) -> Mixture:
    """Draw events of each process, none of them twice.

    Parameters
    ----------
    samples : mapping of process to JetTensors
    control_samples : mapping of process to JetTensors
        Instead of `samples` in the control region.
    composition : (mapping, mapping) of process to int
        Events of each process in the signal region and in the control region.
    seed : int
        Of the draw.

    Returns
    -------
    Mixture
        In random order, so that the position of a jet says nothing.

    Raises
    ------
    UserError
        A sample has too few selected events.
    """
    random = np.random.default_rng(seed)
    in_sr, in_cr = composition
    parts: list[tuple[JetTensors, NDArray[np.int64], bool, str]] = []
    for name in dict.fromkeys([*in_sr, *in_cr]):
        wanted = (in_sr.get(name, 0), in_cr.get(name, 0))
        if name in control_samples:
            pools = [(samples, wanted[0], True), (control_samples, wanted[1], False)]
            for pool, number, is_signal in pools:
                if number:
                    chosen = _drawn(pool, name, number, random)
                    parts.append((pool[name], chosen, is_signal, name))
        elif sum(wanted):
            chosen = _drawn(samples, name, sum(wanted), random)
            parts.append((samples[name], chosen[: wanted[0]], True, name))
            parts.append((samples[name], chosen[wanted[0] :], False, name))
    order = random.permutation(sum(len(chosen) for _, chosen, _, _ in parts))
    label = np.concatenate([np.full(len(c), s) for _, c, s, _ in parts])
    process = np.concatenate([np.full(len(c), n) for _, c, _, n in parts])
    known = [j.kinematics[c] for j, c, _, _ in parts if j.kinematics is not None]
    return Mixture(
        np.concatenate([jets.values[chosen] for jets, chosen, _, _ in parts])[order],
        np.concatenate([jets.mask[chosen] for jets, chosen, _, _ in parts])[order],
        label[order],
        process[order],
        np.concatenate(known)[order] if len(known) == len(parts) else None,
    )


def _drawn(
    pool: Mapping[str, JetTensors],
    name: str,
    number: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    available = len(pool[name]) if name in pool else 0
    if available < number:
        message = (
            f"the study needs {number} selected events of {name}, but its files have"
            f" {available}; simulate more, or ask for fewer (n_sr and n_cr, or"
            " num_jets)"
        )
        raise UserError(message)
    return random.permutation(available)[:number]
