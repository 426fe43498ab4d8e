"""Score events or jets with a model file."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.deploy.bundle import read_bundle
from oddjet.deploy.jet_status import NO_JET, SCORED, constituent_status, tree_status
from oddjet.deploy.runtime import JetSession
from oddjet.deploy.table_runtime import TableSession
from oddjet.deploy.tree_input import jets_of_events
from oddjet.deploy.tree_runtime import TreeSession
from oddjet.events import Events
from oddjet.features import (
    FeatureSpec,
    LundSpec,
    LundTrees,
    TableSpec,
    constituent_features,
    event_tensors,
)
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from oddjet.deploy.batching import BatchPolicy
    from oddjet.deploy.bundle import ModelSpec

__all__ = ["Scorer"]

_log = logging.getLogger("oddjet")

BAD_EVENT = "bad event: "


class Scorer:
    """Scores events, jets or tables with a model file; PyTorch is not needed.

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
        provider. Trees have no use for it: they are not padded.
    expected_spec : FeatureSpec, LundSpec or TableSpec, optional
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
        expected_spec: ModelSpec | None = None,
    ) -> None:
        self.bundle = read_bundle(model)
        if expected_spec is not None:
            _require_same(self.bundle.spec, expected_spec, model)
        self._threads = threads
        self._session: JetSession | TreeSession | TableSession
        content, width = self.bundle.model, self.bundle.bytes_per_constituent
        if isinstance(self.spec, LundSpec):
            self._session = TreeSession(
                content, providers, threads, bytes_per_node=width
            )
        elif isinstance(self.spec, TableSpec):
            self._session = TableSession(
                content, self.spec, providers, threads, bytes_per_row=width
            )
        else:
            self._session = JetSession(
                content,
                providers,
                threads,
                policy=policy,
                bytes_per_constituent=width,
            )
        _log.info("scoring with %s", self.engine)

    @property
    def provider(self) -> str:
        """The execution provider of ONNX Runtime that was chosen."""
        return self._session.provider

    @property
    def engine(self) -> str:
        """What computes, in words: a provider, or oddjet's own kernel for the CPU."""
        return self._session.engine

    @property
    def spec(self) -> ModelSpec:
        """The jets or quantities of events, and what of them, that the model takes."""
        return self.bundle.spec

    @property
    def feature_spec(self) -> FeatureSpec:
        """The same, of a model that reads the constituents of one jet an event.

        Raises
        ------
        UserError
            Another model.
        """
        if isinstance(self.spec, FeatureSpec):
            return self.spec
        if isinstance(self.spec, TableSpec):
            message = "this model scores tables of the quantities of events, not jets"
        else:
            message = (
                "this model scores the Lund trees of jets, not one row an event: use "
                "oddjet.Scorer(...).score(events), which gives a list of jets an event"
            )
        raise UserError(message)

    def score(
        self, events_or_jets: Events | ak.Array | Mapping[str, ArrayLike]
    ) -> ak.Array:
        """Score the leading jet of each event, each jet, or each row of a table.

        Parameters
        ----------
        events_or_jets : Events, or awkward array of jets with `constituents`
            Events: their `particles` are clustered as the model was trained. Jets:
            one list, or one list an event, as `oddjet.cluster` gives them. For a model
            of a `TableSpec` a table instead: a mapping of its columns to an array
            each, or an awkward array with these fields; other columns are ignored.

        Returns
        -------
        awkward record array
            One entry an event, or a jet in the nesting given: `score` (float32),
            `fold_scores` (float32, one a fold) and `status`: "ok", or why the scores
            are NaN: "no usable jet" (event), "no constituents" or "zero pt" (jet:
            its own pt, or that of a constituent among those the model sees, is 0
            and has no logarithm). A model of Lund trees, whose unit is the jet, gives
            a list an event: of the jets that its spec describes, the hardest first.
            Of a table each score by its name instead, such as `x` and `y`, and as
            `status` "ok" or the first column that is not finite.

        Raises
        ------
        UserError
            Events without particles, jets without constituents in the record, or a
            table without one of the columns; events or jets for a model that takes
            tables, or the reverse.
        ValueError
            A particle (named) that is not finite, or a tree of a version that this
            oddjet does not make.
        """
        if isinstance(self._session, TableSession):
            return self._session.score(events_or_jets)
        if isinstance(events_or_jets, Mapping):
            message = "this model scores events or jets, not tables"
            raise UserError(message)
        if not isinstance(events_or_jets, Events):
            return self._score_jets(events_or_jets)
        if isinstance(self.spec, LundSpec):
            jets = jets_of_events(events_or_jets, self.spec, self._threads)
            return self._score_jets(jets)
        return self.score_prepared(*self.prepare(events_or_jets))

    def score_trees(
        self, trees: LundTrees
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score Lund trees that were made for this model's `spec`.

        Parameters
        ----------
        trees : LundTrees
            One a jet, each with a node.

        Returns
        -------
        score : float32, shape (jets,)
            Mean over folds.
        fold_scores : float32, shape (jets, folds)

        Raises
        ------
        UserError
            A model that does not read trees, or trees with other columns.
        """
        if not isinstance(self._session, TreeSession):
            is_table = isinstance(self._session, TableSession)
            reads = "tables" if is_table else "constituents"
            use = "score" if is_table else "score_tensors"
            message = f"this model reads {reads}, not Lund trees: use {use}"
            raise UserError(message)
        if trees.values.shape[1] != len(self.spec.names):
            message = (
                f"the model takes nodes of {', '.join(self.spec.names)}, got "
                f"{trees.values.shape[1]} columns; make the trees with its LundSpec"
            )
            raise UserError(message)
        return self._session.run(trees)

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
        self._check(values, mask, self.feature_spec)
        assert isinstance(self._session, JetSession)
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
        spec = self.feature_spec
        events.require(spec.source, why="scoring with this model")
        particles = events.array[spec.source]
        problems: dict[int, str] | None = {} if flag_bad_events else None
        values, mask, found = event_tensors(
            particles, spec, threads=self._threads, problems=problems
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
        return _records(score, fold_scores, status)

    def _score_jets(self, jets: ak.Array) -> ak.Array:
        counts = ak.num(jets) if jets.ndim > 1 else None
        each_jet = jets if counts is None else ak.flatten(jets, axis=1)
        if isinstance(self.spec, LundSpec):
            records = self._score_trees_of(each_jet, self.spec)
        else:
            records = self._score_constituents_of(each_jet, self.feature_spec)
        return records if counts is None else ak.unflatten(records, counts)

    def _score_trees_of(self, jets: ak.Array, spec: LundSpec) -> ak.Array:
        spec.check_versions()
        status = tree_status(jets)
        usable = status == SCORED
        score = np.full(len(status), np.nan, np.float32)
        fold_scores = np.full((len(status), self.bundle.folds), np.nan, np.float32)
        trees = LundTrees.of(jets[usable], spec, self._threads)
        score[usable], fold_scores[usable] = self.score_trees(trees)
        return _records(score, fold_scores, status)

    def _score_constituents_of(self, jets: ak.Array, spec: FeatureSpec) -> ak.Array:
        status = constituent_status(jets, spec.num_constituents)
        usable = status == SCORED
        shape = (len(status), spec.num_constituents)
        values = np.zeros((*shape, len(spec.features)), np.float32)
        mask = np.zeros(shape, np.bool_)
        values[usable], mask[usable] = constituent_features(
            jets[usable], spec, threads=self._threads
        )
        return self.score_prepared(values, mask, status)

    @staticmethod
    def _check(
        values: NDArray[np.float32], mask: NDArray[np.bool_], spec: FeatureSpec
    ) -> None:
        """Refuse tensors that the model does not take."""
        length, features = spec.num_constituents, len(spec.features)
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


def _records(
    score: NDArray[np.float32],
    fold_scores: NDArray[np.float32],
    status: NDArray[np.str_],
) -> ak.Array:
    return ak.Array({"score": score, "fold_scores": fold_scores, "status": status})


def _without_place(problem: str) -> str:
    """Drop kernel and number of the event from "kernel: particle 3 of event 7 has x".

    The row says which event it is, and blocks count from their own beginning.
    """
    return re.sub(r"^\w+: | of event \d+", "", problem)


def _require_same(
    model_spec: ModelSpec,
    expected: ModelSpec,
    source: Path | str,
) -> None:
    if differences := expected.differences(model_spec):
        message = (
            f"{source} was made for other jets or features ('there'; 'here' is what "
            f"is expected): {'; '.join(differences)}"
        )
        raise UserError(message)
