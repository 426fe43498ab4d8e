"""What computes scores, set up so that a jet's does not depend on its company."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from oddjet.deploy.batching import EQUAL_LENGTHS, FULL_BUCKETS
from oddjet.deploy.providers import CPU, chosen_providers, onnx_runtime
from oddjet.graphs import EdgeConvScorer
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from oddjet.deploy.batching import BatchPolicy, Run

__all__ = ["FoldSession", "JetSession", "Session", "open_session"]

Work = TypeVar("Work")

# Of a network whose file does not say more: sixteen neighbours with 64 numbers each.
BYTES_PER_CONSTITUENT = 1 << 12


class Session:
    """A model in ONNX Runtime, each run of which is on one thread.

    Parameters
    ----------
    model : bytes
        An ONNX model.
    providers : str or sequence of str, optional
        See `chosen_providers`; by default CUDA if ONNX Runtime has it, else the CPU.
    threads : int, optional
        Runs at the same time (default: the environment's ODDJET_THREADS, else 1).

    Attributes
    ----------
    provider : str
        The execution provider that runs.

    Raises
    ------
    MissingExtra
        ONNX Runtime is not installed.
    UserError
        Two ONNX Runtimes are, or it does not have a provider, or cannot start one that
        was asked for.
    """

    def __init__(
        self,
        model: bytes,
        providers: Sequence[str] | str | None = None,
        threads: int | None = None,
    ) -> None:
        runtime = onnx_runtime()
        self._threads = _threads(threads)
        names = chosen_providers(runtime, providers)
        self._session = open_session(runtime, model, names)
        self.provider = str(self._session.get_providers()[0])
        if providers and self.provider != names[0]:
            message = (
                f"ONNX Runtime could not start {names[0]} and would use "
                f"{self.provider}; install what it needs or ask for 'cpu'"
            )
            raise UserError(message)
        self._pool: ThreadPoolExecutor | None = None
        self._pool_lock = threading.Lock()

    @property
    def engine(self) -> str:
        """What computes, in words."""
        return f"{self.provider} of ONNX Runtime"

    @property
    def activation_bytes(self) -> int:
        """What the widest array inside the network may take in one run.

        The second level of a core's cache; an accelerator wants much work at once.
        """
        return 1 << 19 if self.provider == CPU else 1 << 28

    def each(self, runs: Sequence[Work], work: Callable[[Work], None]) -> None:
        """Do all runs, on as many threads as there may be."""
        if self._threads == 1 or len(runs) < 2:
            for run in runs:
                work(run)
        else:
            list(self._workers().map(work, runs))

    def _workers(self) -> ThreadPoolExecutor:
        with self._pool_lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, "oddjet-score")
            return self._pool


class FoldSession(Session):
    """A model with outputs `score` and `fold_scores`.

    Parameters
    ----------
    model, providers, threads
        As for `Session`.

    Attributes
    ----------
    folds : int
        Networks in the model.

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
    ) -> None:
        super().__init__(model, providers, threads)
        self.folds = int(self._session.get_outputs()[1].shape[1])

    def scores(
        self, feeds: Mapping[str, NDArray[np.generic]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the model once: `score` and `fold_scores`."""
        mean, by_fold = self._session.run(["score", "fold_scores"], feeds)
        return mean, by_fold


class JetSession(FoldSession):
    """Runs a model on jets of any length.

    On a processor, oddjet's own kernel computes EdgeConv networks, three times as fast
    as ONNX Runtime (`bench/bench_deploy.py`). ONNX Runtime computes everything else:
    each run is on one thread and takes jets of one length, so that no time goes into
    padding and activations stay in a core's cache; threads work on different runs.

    So neither the number of threads nor the company of a jet changes its score, bit for
    bit, where ONNX Runtime computes the rows of a matrix product alike however many
    there are. Its CPU provider does on x86 (`tests/deploy/test_runtime.py`). May be
    used from several threads at once.

    Parameters
    ----------
    model : bytes
        An ONNX model with inputs `features`, `mask` and outputs `score`,
        `fold_scores`.
    providers : str or sequence of str, optional
        See `chosen_providers`; by default CUDA if ONNX Runtime has it, else the CPU.
    threads : int, optional
        Runs at the same time (default: the environment's ODDJET_THREADS, else 1).
    policy : BatchPolicy, optional
        How jets are put together to runs of ONNX Runtime, which then computes in any
        case; by default what suits the provider.
    bytes_per_constituent : int
        What a constituent takes of the widest array inside the network.

    Attributes
    ----------
    provider : str
        The execution provider that runs.
    policy : BatchPolicy
    folds : int
        Networks in the model.

    Raises
    ------
    MissingExtra
        ONNX Runtime is not installed.
    UserError
        Two ONNX Runtimes are, or it does not have a provider, or cannot start one that
        was asked for.
    """

    def __init__(
        self,
        model: bytes,
        providers: Sequence[str] | str | None = None,
        threads: int | None = None,
        *,
        policy: BatchPolicy | None = None,
        bytes_per_constituent: int = BYTES_PER_CONSTITUENT,
    ) -> None:
        super().__init__(model, providers, threads)
        on_cpu = self.provider == CPU
        self.policy = policy or (EQUAL_LENGTHS if on_cpu else FULL_BUCKETS)
        self._bytes_per_constituent = bytes_per_constituent
        self._kernel: EdgeConvScorer | None = None
        if on_cpu and policy is None:
            self._kernel = EdgeConvScorer.of_model(model)

    @property
    def engine(self) -> str:
        """What computes, in words."""
        return "oddjet's own kernel" if self._kernel else super().engine

    def run(
        self, values: NDArray[np.float32], mask: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score jets.

        Parameters
        ----------
        values : float32, shape (jets, n, features)
        mask : bool, shape (jets, n)
            True for a constituent, in any order.

        Returns
        -------
        score : float32, shape (jets,)
            NaN for a jet without constituents.
        fold_scores : float32, shape (jets, folds)
        """
        counts = mask.sum(axis=1)
        if not (mask == (np.arange(mask.shape[1]) < counts[:, np.newaxis])).all():
            first = np.argsort(~mask, axis=1, kind="stable")
            values = np.take_along_axis(values, first[..., np.newaxis], axis=1)
        if self._kernel is not None:
            return self._kernel.score(values, counts, threads=self._threads)
        score = np.full(len(values), np.nan, np.float32)
        fold_scores = np.full((len(values), self.folds), np.nan, np.float32)

        def work(run: Run) -> None:
            feeds = _inputs(run, values, counts)
            mean, by_fold = self.scores(feeds)
            score[run.jets] = mean[: len(run.jets)]
            fold_scores[run.jets] = by_fold[: len(run.jets)]

        # The longest jets first: the last runs are short, and threads end together.
        runs = list(
            self.policy.runs(counts, bytes_per_constituent=self._bytes_per_constituent)
        )[::-1]
        self.each(runs, work)
        return score, fold_scores


def open_session(runtime: ModuleType, model: bytes, providers: list[str]) -> Any:
    """Open a session of ONNX Runtime whose runs are on the thread that asks for them.

    Parameters
    ----------
    runtime : ModuleType
        From `onnx_runtime`.
    model : bytes
    providers : list of str
        From `chosen_providers`.

    Returns
    -------
    onnxruntime.InferenceSession
    """
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    # A plan of the memory for every shape that comes along would never be dropped.
    options.enable_mem_pattern = False
    return runtime.InferenceSession(model, options, providers=providers)


def _inputs(
    run: Run, values: NDArray[np.float32], counts: NDArray[np.integer]
) -> dict[str, NDArray[np.generic]]:
    shape = (run.rows, run.length)
    features = np.zeros((*shape, values.shape[2]), np.float32)
    length = min(run.length, values.shape[1])
    features[: len(run.jets), :length] = values[run.jets, :length]
    mask = np.zeros(shape, np.bool_)
    mask[: len(run.jets)] = np.arange(run.length) < counts[run.jets, np.newaxis]
    return {"features": features, "mask": mask}


def _threads(threads: int | None) -> int:
    # An empty variable means an unset one, as it does for the kernels.
    environment = os.environ.get("ODDJET_THREADS") or "1"
    text = environment if threads is None else str(threads)
    if not text.isdecimal() or int(text) < 1:
        message = f"the number of threads must be an integer >= 1, got {text!r}"
        raise UserError(message)
    return int(text)
