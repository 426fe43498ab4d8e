"""The model file: one .onnx that says what it may be given and where it is from.

Beside the graph it holds text under keys that start with "oddjet.":

============================ ====================================================
``oddjet.format_version``    version of this layout, "1"
``oddjet.feature_spec``      the `FeatureSpec`, as `key = value` lines; or
``oddjet.lund_spec``         the `LundSpec` of a model that reads Lund trees; or
``oddjet.table_spec``        the `TableSpec` of one that reads quantities of events
``oddjet.unit``              what one row is: "event" (its leading jet) or "jet"
``oddjet.folds``             number of networks inside
``oddjet.working_points``    `key = value` lines: ``NAME.threshold``,
                             ``NAME.efficiency``, ``NAME.uncertainty`` and
                             ``NAME.measured_on`` of each
``oddjet.bytes_per_constituent``  what a constituent, a node of a tree or an event of
                             a table takes of the widest array inside: how many fit
                             a cache
``oddjet.provenance``        `key = value` lines; no path, host or date
``oddjet.digest``            SHA-256 of the graph and of all the entries above
``oddjet.file_digest``       SHA-256 of the file with zeros in place of these 64
                             digits: what C++ checks, which reads no protobuf
============================ ====================================================
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.deploy.runtime import BYTES_PER_CONSTITUENT
from oddjet.deploy.working_points import parse_working_points, working_points_text
from oddjet.features import FeatureSpec, LundSpec, TableSpec
from oddjet.runs.atomic import atomic_path
from oddjet.runs.errors import UserError, require
from oddjet.runs.key_values import key_value_text, parse_key_values
from oddjet.runs.provenance import oddjet_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from oddjet.deploy.working_points import WorkingPoint

__all__ = [
    "Bundle",
    "ModelSpec",
    "content_digest",
    "model_bytes",
    "parse_bundle",
    "read_bundle",
    "rewrite_bundle",
    "write_bundle",
]

FORMAT_VERSION = "1"
NO_DIGEST = 64 * "0"
# The oldest that know every operator of the graphs; so older runtimes read them.
ONNX_OPSET, ONNX_IR_VERSION = 17, 8
#: Key of a spec in the file, and what a row of such a model is.
_KIND_OF = {
    FeatureSpec: ("feature_spec", "event"),
    LundSpec: ("lund_spec", "jet"),
    TableSpec: ("table_spec", "event"),
}

#: What a model can be made for.
ModelSpec = FeatureSpec | LundSpec | TableSpec


@dataclass(frozen=True)
class Bundle:
    """A model file that has been read.

    Attributes
    ----------
    spec : FeatureSpec, LundSpec or TableSpec
        The jets, and what of them, that the model was made for; or what of events.
    folds : int
        Networks inside.
    unit : str
        What one row of its input is: "event" or "jet".
    provenance : dict of str to str
        Versions, configuration, processor.
    working_points : dict of str to WorkingPoint
        By name, in the order of the file.
    bytes_per_constituent : int
        What a constituent (or node) takes of the widest array inside the network.
    digest : str
        SHA-256 of all that the file says and computes.
    model : bytes
        The file, for the runtime.
    """

    spec: ModelSpec
    folds: int
    unit: str
    provenance: dict[str, str]
    working_points: dict[str, WorkingPoint]
    bytes_per_constituent: int
    digest: str
    model: bytes

    def threshold(self, working_point: str) -> float:
        """Give the threshold of a working point.

        Raises
        ------
        UserError
            The model has no working point of that name; the message lists them.
        """
        if working_point not in self.working_points:
            message = (
                f"the model has no working point {working_point!r}; it has "
                f"{', '.join(self.working_points) or 'none'}"
            )
            raise UserError(message)
        return self.working_points[working_point].threshold


def write_bundle(
    path: Path | str,
    graph: Any,
    *,
    spec: ModelSpec,
    folds: int,
    provenance: Mapping[str, object],
    working_points: Iterable[WorkingPoint] = (),
    bytes_per_constituent: int = BYTES_PER_CONSTITUENT,
) -> None:
    """Write a model file; equal arguments give equal bytes.

    Parameters
    ----------
    path : Path or str
        Where; the file is complete or not there.
    graph : onnx.GraphProto
        As `edge_conv_graph`, `lund_net_graph` or `event_network_graph` builds it.
    spec : FeatureSpec, LundSpec or TableSpec
        Models that read the trees of jets score jets, others events.
    folds : int
    provenance : mapping
        Facts on how the model was made, nested mappings allowed. The caller keeps
        paths, hosts and dates out.
    working_points : iterable of WorkingPoint
        Named cuts on the score; of a `TableSpec` each on the score of its name.
    bytes_per_constituent : int
        What a constituent (or node) takes of the widest array inside the network.
    """
    key, unit = _KIND_OF[type(spec)]
    entries = {
        "format_version": FORMAT_VERSION,
        key: spec.to_text(),
        "unit": unit,
        "folds": str(folds),
        "working_points": working_points_text(working_points),
        "bytes_per_constituent": str(bytes_per_constituent),
        "provenance": key_value_text(provenance),
    }
    entries["digest"] = content_digest(graph, entries)
    entries["file_digest"] = NO_DIGEST
    with atomic_path(path) as temporary:
        temporary.write_bytes(_with_file_digest(model_bytes(graph, entries)))


def rewrite_bundle(
    path: Path | str,
    graph: Any,
    bundle: Bundle,
    *,
    provenance: Mapping[str, object],
    working_points: Iterable[WorkingPoint] | None = None,
) -> None:
    """Write a model file that differs from another in what is given."""
    if working_points is None:
        working_points = bundle.working_points.values()
    write_bundle(
        path,
        graph,
        spec=bundle.spec,
        folds=bundle.folds,
        provenance=provenance,
        working_points=working_points,
        bytes_per_constituent=bundle.bytes_per_constituent,
    )


def _with_file_digest(content: bytes) -> bytes:
    """Put the digest of a file with a placeholder into its place."""
    # Key and value as protobuf writes them: a tag, and 64 as the length of the value.
    key = b"oddjet.file_digest\x12\x40"
    place = content.rindex(key + NO_DIGEST.encode()) + len(key)
    digest = hashlib.sha256(content).hexdigest().encode()
    return content[:place] + digest + content[place + len(digest) :]


def model_bytes(graph: Any, entries: Mapping[str, str] | None = None) -> bytes:
    """Make an ONNX model of a graph, with text under "oddjet." keys.

    Parameters
    ----------
    graph : onnx.GraphProto
    entries : mapping of str to str, optional
        Keys without their prefix.

    Returns
    -------
    bytes
        Equal for equal arguments.
    """
    helper = require("onnx.helper", extra="onnx")
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", ONNX_OPSET)],
        producer_name="oddjet",
        producer_version=oddjet_version(),
        ir_version=ONNX_IR_VERSION,
    )
    texts = {f"oddjet.{key}": value for key, value in (entries or {}).items()}
    helper.set_model_props(model, texts)
    return bytes(model.SerializeToString(deterministic=True))


def read_bundle(path: Path | str) -> Bundle:
    """Read a model file and check that this oddjet can use it.

    Nothing in the file is executed.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Bundle

    Raises
    ------
    UserError
        No such file, not a model of oddjet, a damaged or edited one, one whose
        text does not fit its graph, or one whose format or features this release
        does not know.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        message = f"cannot read the model {path}: {error.strerror}"
        raise UserError(message) from error
    return parse_bundle(content, source=path)


def parse_bundle(content: bytes, *, source: Path | str) -> Bundle:
    """Understand the content of a model file; `source` names it in errors."""
    model = _parsed(content, source)
    entries = {
        entry.key.removeprefix("oddjet."): entry.value
        for entry in model.metadata_props
        if entry.key.startswith("oddjet.")
    }
    if "format_version" not in entries:
        message = (
            f"{source} is an ONNX file but no model of oddjet (it has no "
            "oddjet.format_version); give the model.onnx of a search"
        )
        raise UserError(message)
    if entries["format_version"] != FORMAT_VERSION:
        message = (
            f"{source} has model format {entries['format_version']}, this oddjet reads "
            f"format {FORMAT_VERSION}; use the release that wrote it"
        )
        raise UserError(message)
    digest = entries.pop("digest", "")
    # Whoever wrote the same content in other bytes has not changed the model.
    entries.pop("file_digest", None)
    if digest != content_digest(model.graph, entries):
        message = (
            f"{source} is damaged or was edited: its content differs from its own "
            "digest; take a new copy or export it again"
        )
        raise UserError(message)
    bundle = _understood(entries, digest, content, source)
    _require_fitting(bundle, model.graph, source)
    return bundle


def _understood(
    entries: dict[str, str], digest: str, content: bytes, source: Path | str
) -> Bundle:
    try:
        return Bundle(
            spec=_spec_of(entries),
            folds=int(entries["folds"]),
            unit=entries["unit"],
            provenance=parse_key_values(entries["provenance"]),
            working_points=parse_working_points(entries["working_points"]),
            bytes_per_constituent=int(entries["bytes_per_constituent"]),
            digest=digest,
            model=content,
        )
    except (KeyError, ValueError) as error:
        message = f"{source} holds metadata that this oddjet does not know: {error}"
        raise UserError(message) from error


def _parsed(content: bytes, source: Path | str) -> Any:
    onnx = require("onnx", extra="onnx")
    decode_error = require("google.protobuf.message", extra="onnx").DecodeError
    try:
        model = onnx.load_model_from_string(content)
    except decode_error as error:
        message = f"{source} is no ONNX file, or a damaged one"
        raise UserError(message) from error
    if not model.graph.node:
        message = f"{source} is no ONNX file, or a damaged one"
        raise UserError(message)
    return model


def _spec_of(entries: Mapping[str, str]) -> ModelSpec:
    for kind, (key, _) in _KIND_OF.items():
        if key in entries:
            spec: ModelSpec = kind.from_text(entries[key])  # type: ignore[attr-defined]
            return spec
    message = f"it has none of {', '.join(key for key, _ in _KIND_OF.values())}"
    raise ValueError(message)


def _require_fitting(bundle: Bundle, graph: Any, source: Path | str) -> None:
    """Refuse a graph that takes or gives other columns than its text says."""
    last = {
        value.name: value.type.tensor_type.shape.dim[-1].dim_value
        for value in (*graph.input, *graph.output)
        if value.type.tensor_type.shape.dim
    }
    if isinstance(bundle.spec, TableSpec):
        _require_table(bundle.spec, graph, last.get("features", 0), source)
        return
    reads_trees = isinstance(bundle.spec, LundSpec)
    features = last.get("values" if reads_trees else "features", 0)
    graph_has = (features, last.get("fold_scores", 0))
    text_says = (len(bundle.spec.names), bundle.folds)
    if graph_has != text_says:
        message = (
            f"{source} contradicts itself: its text names {text_says[0]} features and "
            f"{text_says[1]} folds, its graph has {graph_has[0]} and {graph_has[1]}; "
            "export it again"
        )
        raise UserError(message)


def _require_table(
    spec: TableSpec, graph: Any, columns: int, source: Path | str
) -> None:
    scores = tuple(value.name for value in graph.output)
    if columns != len(spec.columns) or scores != spec.scores:
        message = (
            f"{source} contradicts itself: its text names {len(spec.columns)} columns "
            f"and the scores {', '.join(spec.scores)}, its graph has {columns} and "
            f"{', '.join(scores)}; export it again"
        )
        raise UserError(message)


def content_digest(graph: Any, entries: Mapping[str, str]) -> str:
    """Hash what a model computes and what it says about itself.

    By content, because protobuf does not promise equal bytes for ever: the "oddjet."
    entries, the graph's inputs and outputs, its nodes, constants and description.

    Parameters
    ----------
    graph : onnx.GraphProto
    entries : mapping of str to str
        Keys without their prefix, the digest itself left out; in any order.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    sha256 = hashlib.sha256(repr(sorted(entries.items())).encode())
    for values in (graph.input, graph.output):
        ports = [value.SerializeToString(deterministic=True) for value in values]
        sha256.update(repr(ports).encode())
    for node in graph.node:
        attributes = sorted(
            attribute.SerializeToString(deterministic=True)
            for attribute in node.attribute
        )
        parts = (node.op_type, *node.input, "->", *node.output)
        sha256.update(repr((parts, attributes)).encode())
    for constant in graph.initializer:
        about = (constant.name, constant.data_type, tuple(constant.dims))
        sha256.update(repr(about).encode() + constant.raw_data)
    # Models of releases whose graphs have no description keep their digest.
    sha256.update(graph.doc_string.encode())
    return sha256.hexdigest()
