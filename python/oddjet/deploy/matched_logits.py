"""Bring the outputs of a model in fewer bits back to where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.batching import EQUAL_LENGTHS
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.calibration_graph import calibration_in, replace_calibration
from oddjet.deploy.providers import CPU, onnx_runtime
from oddjet.deploy.runtime import open_session
from oddjet.runs.errors import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.deploy.bundle import Bundle

__all__ = ["match_calibration", "match_logits"]

# Fewer jets above an output do not say where it went.
FEWEST_ABOVE = 25


def match_logits(
    original: Any,
    graph: Any,
    bundle: Bundle,
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> None:
    """Undo by a line what fewer bits did to each network's logit.

    Rounding of messages pulls all jets the same way, for which a threshold does not
    care where it is in common: mean and spread of the logits are made those of the
    original, in the weights of the last map.

    Parameters
    ----------
    original : onnx.ModelProto
    graph : onnx.GraphProto
        The same with other messages; its last maps are changed.
    bundle : Bundle
        Of the original.
    values : float32, shape (jets, n, features)
        Jets that decide on the lines.
    mask : bool, shape (jets, n)
        True for the first constituents of each.
    """
    maps = _last_maps(graph)
    names = [node.output[0] for node in maps]
    before, after = (
        _outputs(one, names, bundle, values, mask) for one in (original.graph, graph)
    )
    slopes = before.std(axis=0) / after.std(axis=0)
    shifts = before.mean(axis=0) - slopes * after.mean(axis=0)
    for node, slope, shift in zip(maps, slopes, shifts, strict=True):
        _compose(graph, node, slope, shift)


def match_calibration(
    original: Any,
    graph: Any,
    bundle: Bundle,
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> None:
    """Move the knots of each fold's calibration to where its outputs have gone.

    A line does not mend a tail that moves otherwise than the rest. So each knot goes to
    the output above which lie as many of these jets as above the knot in the original:
    a calibrated score then means the same fraction again.

    Parameters
    ----------
    original : onnx.ModelProto
    graph : onnx.GraphProto
        The same with other messages; its tables are changed.
    bundle : Bundle
        Of the original.
    values : float32, shape (jets, n, features)
        Jets that decide; of at least 50.
    mask : bool, shape (jets, n)
        True for the first constituents of each.
    """
    found = calibration_in(original.graph)
    if found is None:
        return
    raw, tables = found
    before, after = (
        np.sort(_outputs(one, [raw], bundle, values, mask), axis=0)[::-1]
        for one in (original.graph, graph)
    )
    steps = np.geomspace(FEWEST_ABOVE, max(len(values) // 2, FEWEST_ABOVE), 32)
    ranks = np.unique(steps.astype(np.int64))[::-1] - 1
    replace_calibration(
        graph,
        [
            table.moved(
                table.raw + np.interp(table.raw, old[ranks], new[ranks] - old[ranks])
            )
            for table, old, new in zip(tables, before.T, after.T, strict=True)
        ],
    )


def _last_maps(graph: Any) -> list[Any]:
    """Give the nodes that map to one number: the logit of each network."""
    sizes = {constant.name: tuple(constant.dims) for constant in graph.initializer}
    return [
        node
        for node in graph.node
        if node.op_type == "Gemm" and sizes.get(node.input[1], ())[1:] == (1,)
    ]


def _outputs(
    graph: Any,
    names: list[str],
    bundle: Bundle,
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Run a graph up to values of a row a jet, and put these beside each other."""
    onnx = require("onnx", extra="onnx")
    shown = onnx.GraphProto()
    shown.CopyFrom(graph)
    shown.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, None])
        for name in names
    )
    session = open_session(onnx_runtime(), model_bytes(shown), [CPU])
    runs = list(
        EQUAL_LENGTHS.runs(
            mask.sum(axis=1), bytes_per_constituent=bundle.bytes_per_constituent
        )
    )
    parts = []
    for run in runs:
        feeds = {
            "features": values[run.jets, : run.length],
            "mask": mask[run.jets, : run.length],
        }
        parts.append(np.concatenate(session.run(names, feeds), axis=1))
    found = np.empty((len(values), parts[0].shape[1]))
    found[np.concatenate([run.jets for run in runs])] = np.concatenate(parts)
    return found


def _compose(graph: Any, node: Any, slope: float, shift: float) -> None:
    """Let a map give slope * y + shift instead of y."""
    numpy_helper = require("onnx.numpy_helper", extra="onnx")
    constants = {constant.name: constant for constant in graph.initializer}
    for place, added in ((1, 0.0), (2, shift)):
        value = numpy_helper.to_array(constants[node.input[place]])
        matched = (slope * value.astype(np.float64) + added).astype(np.float32)
        # A constant of its own: others may use what it had.
        node.input[place] = f"{node.name}_matched_{place}"
        graph.initializer.append(numpy_helper.from_array(matched, node.input[place]))
