"""ONNX Runtime on Lund trees: a jet's score does not depend on its company."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.runtime import BYTES_PER_CONSTITUENT, FoldSession

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from oddjet.features import LundTrees

__all__ = ["TreeSession"]


class TreeSession(FoldSession):
    """Runs a model on the Lund trees of jets.

    Trees are laid end to end, without padding, as many in a run as a core's cache
    takes. Sums go node by node and jet by jet, so neither the number of threads nor
    the company of a jet changes its score, bit for bit, where ONNX Runtime computes
    the rows of a matrix product alike however many there are: its CPU provider does
    on x86 (`tests/deploy/test_lund_net_graph.py`).

    Parameters
    ----------
    model : bytes
        An ONNX model as of `lund_net_graph`.
    providers, threads
        As for `Session`.
    bytes_per_node : int
        What a node takes of the widest array inside the network.
    nodes_per_run : int, optional
        About how many nodes a run has; by default what suits the provider.

    Raises
    ------
    MissingExtra, UserError
        As `Session`.
    """

    def __init__(
        self,
        model: bytes,
        providers: Sequence[str] | str | None = None,
        threads: int | None = None,
        *,
        bytes_per_node: int = BYTES_PER_CONSTITUENT,
        nodes_per_run: int | None = None,
    ) -> None:
        super().__init__(model, providers, threads)
        fitting = max(1, self.activation_bytes // bytes_per_node)
        self._nodes_per_run = nodes_per_run or fitting

    def run(self, trees: LundTrees) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score jets.

        Parameters
        ----------
        trees : LundTrees
            Each has a node.

        Returns
        -------
        score : float32, shape (jets,)
        fold_scores : float32, shape (jets, folds)
        """
        score = np.empty(len(trees), np.float32)
        fold_scores = np.empty((len(trees), self.folds), np.float32)

        def work(jets: slice) -> None:
            begin, end = trees.offsets[jets.start], trees.offsets[jets.stop]
            mean, by_fold = self.scores(
                {
                    "values": trees.values[begin:end],
                    "neighbours": trees.neighbours[begin:end],
                    "offsets": trees.offsets[jets.start : jets.stop + 1] - begin,
                }
            )
            score[jets], fold_scores[jets] = mean, by_fold

        self.each(list(self._runs(trees.offsets)), work)
        return score, fold_scores

    def _runs(self, offsets: NDArray[np.int64]) -> Iterator[slice]:
        """Cut the jets into runs of about equal size, of one jet at least."""
        start, jets = 0, len(offsets) - 1
        while start < jets:
            most = offsets[start] + self._nodes_per_run
            stop = int(np.searchsorted(offsets, most, side="right")) - 1
            stop = max(stop, start + 1)
            yield slice(start, stop)
            start = stop
