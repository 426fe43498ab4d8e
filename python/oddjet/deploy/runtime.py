"""ONNX Runtime, set up so that a jet's score does not depend on its company."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.errors import UserError, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["FixedBatchSession"]

# Every run has this many rows, padded with empty ones: matrix products choose their
# method, and so their last bits, by the number of rows. Activations of 32 jets stay
# in a core's cache, those of 128 do not: bench/results/edge_conv_xeon_202611.json.
BATCH_SIZE = 32


class FixedBatchSession:
    """Runs a model on batches of one fixed size.

    Parameters
    ----------
    model : bytes
        An ONNX model with inputs `features`, `mask` and outputs `score`,
        `fold_scores`.
    providers : sequence of str, optional
        Execution providers of ONNX Runtime in order of preference; the CPU by
        default.
    threads : int, optional
        Threads within an operator (default: the environment's ODDJET_THREADS,
        else 1).
    batch_size : int
        Rows of every run.

    Raises
    ------
    MissingExtra
        ONNX Runtime is not installed.
    UserError
        A provider that this ONNX Runtime does not have.
    """

    def __init__(
        self,
        model: bytes,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        *,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        runtime = require("onnxruntime", extra="onnx")
        available = runtime.get_available_providers()
        providers = list(providers or ["CPUExecutionProvider"])
        for provider in providers:
            if provider not in available:
                message = (
                    f"ONNX Runtime has no provider {provider!r} here; it has "
                    f"{', '.join(available)}"
                )
                raise UserError(message)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = _threads(threads)
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        self._session = runtime.InferenceSession(model, options, providers=providers)
        self._batch_size = batch_size
        self.folds = int(self._session.get_outputs()[1].shape[1])

    def run(
        self, values: NDArray[np.float32], mask: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score rows.

        Parameters
        ----------
        values : float32, shape (rows, n, features)
        mask : bool, shape (rows, n)

        Returns
        -------
        score : float32, shape (rows,)
        fold_scores : float32, shape (rows, folds)
        """
        score = np.empty(len(values), np.float32)
        fold_scores = np.empty((len(values), self.folds), np.float32)
        for start in range(0, len(values), self._batch_size):
            rows = slice(start, start + self._batch_size)
            count = len(values[rows])
            mean, by_fold = self._run_batch(values[rows], mask[rows])
            score[rows], fold_scores[rows] = mean[:count], by_fold[:count]
        return score, fold_scores

    def _run_batch(self, values: NDArray[Any], mask: NDArray[Any]) -> Any:
        missing = self._batch_size - len(values)
        if missing:
            values = np.pad(values, [(0, missing), (0, 0), (0, 0)])
            mask = np.pad(mask, [(0, missing), (0, 0)])
        feeds = {
            "features": np.ascontiguousarray(values),
            "mask": np.ascontiguousarray(mask),
        }
        return self._session.run(["score", "fold_scores"], feeds)


def _threads(threads: int | None) -> int:
    # An empty variable means an unset one, as it does for the kernels.
    environment = os.environ.get("ODDJET_THREADS") or "1"
    text = environment if threads is None else str(threads)
    if not text.isdecimal() or int(text) < 1:
        message = f"the number of threads must be an integer >= 1, got {text!r}"
        raise UserError(message)
    return int(text)
