"""The networks X and Y as one model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oddjet.deploy.bundle import write_bundle
from oddjet.deploy.event_network_graph import bytes_per_event, event_network_graph
from oddjet.features import TableSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import nn

__all__ = ["export_scores"]


def export_scores(
    path: Path | str,
    networks: nn.ModuleDict,
    *,
    columns: Sequence[str],
    provenance: Mapping[str, object],
) -> None:
    """Write the networks of an `AbcdTrainer` as one model file.

    Parameters
    ----------
    path : Path or str
        The model file, for `oddjet.Scorer`; its scores are `x` and, if it is a
        network, `y`, as `AbcdTrainer.scores` gives them but for rounding.
    networks : ModuleDict
        "X", and perhaps "Y".
    columns : sequence of str
        Names of the features they were trained on, in order.
    provenance : mapping
        Facts for the file; nested mappings allowed, no paths, hosts or dates.

    Raises
    ------
    ValueError
        Names of columns that are doubled or contain spaces.
    """
    states = {
        name.lower(): {
            key: value.detach().cpu().numpy()
            for key, value in network.state_dict().items()
        }
        for name, network in networks.items()
    }
    write_bundle(
        path,
        event_network_graph(states),
        spec=TableSpec(columns=tuple(columns), scores=tuple(states)),
        folds=1,
        provenance=provenance,
        bytes_per_constituent=max(bytes_per_event(each) for each in states.values()),
    )
