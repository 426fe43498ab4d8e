"""Score events or jets with a model file."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.deploy.bundle import read_bundle
from oddjet.deploy.runtime import JetSession
from oddjet.events import Events, columns
from oddjet.features import constituent_features, event_tensors
from oddjet.jets import momentum_columns
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.deploy.batching import BatchPolicy
    from oddjet.events import Columns
    from oddjet.features import FeatureSpec

__all__ = ["Scorer"]

_log = logging.getLogger("oddjet")

SCORED, NO_JET = "ok", "no usable jet"
NO_CONSTITUENTS, ZERO_PT = "no constituents", "zero pt"
BAD_EVENT = "bad event: "


class Scorer:
    """Scores events with a model file; PyTorch is not needed.

    A score of 2 means that about one control event in a hundred looks as odd: it is
    -log10 of the fraction of control events above. The score of a jet does not
    depend, bit for bit, on which others are scored with it or in which order (same
    model, processor, provider and threads).

    Parameters
    ----------
    model : Path or str
        The model.onnx of a search.
    providers : str or sequence of str, optional
        What computes: "cpu", "cuda", "tensorrt" or names of ONNX Runtime, in order of
        preference. By default CUDA where this ONNX Runtime has it, else the CPU; the
        logger "oddjet" says which one runs.
    threads : int, optional
        Threads of the clustering, and runs of the model at the same time (default: the
        environment's ODDJET_THREADS, else 1). Never changes a result on the CPU.
    policy : BatchPolicy, optional
        How jets are put together (`oddjet.deploy.batching`); by default what suits the
        provider.
    expected_spec : FeatureSpec, optional
        Refuse a model that was made for other jets or features.

    Attributes
    ----------
    bundle : Bundle
        What the file says about itself.

    Notes
    -----
    One scorer may be used from several threads at once.

    Raises
    ------
    MissingExtra
        ONNX Runtime or onnx is not installed.
    UserError
        Both packages of ONNX Runtime are installed, or a provider cannot be had; a
        file that is no model of oddjet, is damaged or does not fit; the message
        says what differs.
    """

    def __init__(
        self,
        model: Path | str,
        providers: Sequence[str] | str | None = None,
        threads: int | None = None,
        *,
        policy: BatchPolicy | None = None,
        expected_spec: FeatureSpec | None = None,
    ) -> None:
        self.bundle = read_bundle(model)
        if expected_spec is not None:
            _require_same(self.bundle.spec, expected_spec, model)
        self._threads = threads
        self._session = JetSession(
            self.bundle.model,
            providers,
            threads,
            policy=policy,
            bytes_per_constituent=self.bundle.bytes_per_constituent,
        )
        _log.info("scoring with %s of ONNX Runtime", self.provider)

    @property
    def provider(self) -> str:
        """The execution provider of ONNX Runtime that runs."""
        return self._session.provider

    @property
    def spec(self) -> FeatureSpec:
        """The jets and features that the model takes."""
        return self.bundle.spec

    def score(self, events_or_jets: Events | ak.Array) -> ak.Array:
        """Score the leading jet of each event, or each jet.

        Parameters
        ----------
        events_or_jets : Events, or awkward array of jets with `constituents`
            Events: their `particles` are clustered as the model was trained. Jets:
            one list, or one list an event, as `oddjet.cluster` gives them.

        Returns
        -------
        awkward record array
            One entry an event, or a jet in the nesting given: `score` (float32),
            `fold_scores` (float32, one a fold) and `status`: "ok", or why the scores
            are NaN: "no usable jet" (event), "no constituents" or "zero pt" (jet:
            its own pt, or that of a constituent among those the model sees, is 0
            and has no logarithm).

        Raises
        ------
        UserError
            Events without particles, or jets without constituents in the record.
        ValueError
            A particle (named) that is not finite.
        """
        if isinstance(events_or_jets, Events):
            return self.score_prepared(*self.prepare(events_or_jets))
        return self._score_jets(events_or_jets)

    def score_tensors(
        self, values: NDArray[np.float32], mask: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score tensors that `oddjet.features` made for this model's `spec`.

        Parameters
        ----------
        values : float32, shape (jets, n, features)
            n is at most the number of constituents of the spec.
        mask : bool, shape (jets, n)
            True for a constituent.

        Returns
        -------
        score : float32, shape (jets,)
            Mean over folds; NaN for a jet without constituents.
        fold_scores : float32, shape (jets, folds)

        Raises
        ------
        UserError
            Shapes that do not fit the spec, or a feature that is not finite.
        """
        self._check(values, mask)
        return self._session.run(values, mask)

    def prepare(
        self, events: Events, *, flag_bad_events: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.str_]]:
        """Make the tensors of events, for which the model is not needed.

        Parameters
        ----------
        events : Events
        flag_bad_events : bool
            An event with a momentum that no kernel accepts gets the status "bad event:
            ..." and no score; else it raises.

        Returns
        -------
        values, mask, status
            What `score_prepared` takes.

        Raises
        ------
        UserError, ValueError
            As in `score`.
        """
        events.require(self.spec.source, why="scoring with this model")
        particles = events.array[self.spec.source]
        problems: dict[int, str] | None = {} if flag_bad_events else None
        values, mask, found = event_tensors(
            particles, self.spec, threads=self._threads, problems=problems
        )
        status = np.where(found, SCORED, NO_JET)
        if problems:
            longer = status.astype(object)
            for event, problem in problems.items():
                longer[event] = BAD_EVENT + _without_place(problem)
            status = longer.astype(np.str_)
        return values, mask, status

    def score_prepared(
        self,
        values: NDArray[np.float32],
        mask: NDArray[np.bool_],
        status: NDArray[np.str_],
    ) -> ak.Array:
        """Score what `prepare` made; together they are `score`.

        Returns
        -------
        awkward record array
            As `score` gives for events.
        """
        score, fold_scores = self.score_tensors(values, mask)
        return ak.Array({"score": score, "fold_scores": fold_scores, "status": status})

    def _score_jets(self, jets: ak.Array) -> ak.Array:
        counts = ak.num(jets) if jets.ndim > 1 else None
        each_jet = jets if counts is None else ak.flatten(jets, axis=1)
        status = _jet_status(each_jet, self.spec.num_constituents)
        usable = status == SCORED
        shape = (len(status), self.spec.num_constituents)
        values = np.zeros((*shape, len(self.spec.features)), np.float32)
        mask = np.zeros(shape, np.bool_)
        values[usable], mask[usable] = constituent_features(
            each_jet[usable], self.spec, threads=self._threads
        )
        records = self.score_prepared(values, mask, status)
        return records if counts is None else ak.unflatten(records, counts)

    def _check(self, values: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
        """Refuse tensors that the model does not take."""
        length, features = self.spec.num_constituents, len(self.spec.features)
        fits = values.ndim == 3 and values.shape[2] == features
        if not fits or mask.shape != values.shape[:2] or values.shape[1] > length:
            message = (
                f"the model takes values of shape (jets, up to {length}, {features}) "
                f"and a mask of shape (jets, up to {length}), got {values.shape} and "
                f"{mask.shape}; make them with its FeatureSpec"
            )
            raise UserError(message)
        bad = ~np.isfinite(values).all(axis=2) & mask
        if bad.any():
            jet, constituent = np.argwhere(bad)[0]
            message = (
                f"features of constituent {constituent} of jet {jet} are not finite "
                f"({np.count_nonzero(bad.any(axis=1))} such jets); leave these jets out"
            )
            raise UserError(message)


def _without_place(problem: str) -> str:
    """Drop kernel and number of the event from "kernel: particle 3 of event 7 has x".

    The row says which event it is, and blocks count from their own beginning.
    """
    return re.sub(r"^\w+: | of event \d+", "", problem)


def _jet_status(jets: ak.Array, num_constituents: int) -> NDArray[np.str_]:
    """Tell jets that have features from those whose features do not exist."""
    constituents = columns(jets.constituents, where="constituents")
    one_list = ak.unflatten(jets, [len(jets)])
    size = np.diff(constituents.offsets)
    moving = np.concatenate([[0], np.cumsum(_has_pt(constituents))])
    # The hardest are kept, so a constituent of pt 0 only where others run out.
    kept = np.minimum(size, num_constituents)
    all_move = np.diff(moving[constituents.offsets]) >= kept
    usable = all_move & _has_pt(columns(one_list, where="jets"))
    filled = np.where(usable, SCORED, ZERO_PT)
    return np.where(size > 0, filled, NO_CONSTITUENTS)


def _has_pt(flat: Columns) -> NDArray[np.bool_]:
    """Find pt > 0; NaN counts as it, so that the kernel refuses it by name."""
    coordinates, momentum = momentum_columns(flat)
    transverse = momentum[:1] if coordinates.startswith("pt") else momentum[:2]
    nonzero: NDArray[np.bool_] = np.any([part != 0 for part in transverse], axis=0)
    return nonzero


def _require_same(
    model_spec: FeatureSpec, expected: FeatureSpec, source: Path | str
) -> None:
    if differences := expected.differences(model_spec):
        message = (
            f"{source} was made for other jets or features ('there'; 'here' is what "
            f"is expected): {'; '.join(differences)}"
        )
        raise UserError(message)
