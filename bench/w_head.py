"""A tagger whose training was cut short: `bench/w_head.py JETS CHECKPOINT MODEL`.

`w_tagger.py --network DGCNN --checkpoints DIR` trains 75 jets a second on a core. Where
that is too slow, stop it: this takes the blocks as they are in its checkpoint, trains
the dense layers alone on what they make of all jets, and writes the tagger. Its inner
arrays have the sizes and spreads of a trained network, which is what reduced precision
has to be judged on.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu

from oddjet.deploy.batching import EQUAL_LENGTHS
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.edge_conv_graph import (
    EdgeConvDesign,
    bytes_per_constituent,
    edge_conv_graph,
)
from oddjet.learn.export import graph_weights
from oddjet.learn.models.config import EdgeConvConfig
from w_tagger import CALIBRATING_JETS, write_tagger

NETWORK = EdgeConvConfig.dgcnn()
BATCH = 256


def blocks_of(checkpoint):
    """The network's state, as its graph has it, and how many batches made it."""
    state = torch.load(checkpoint, weights_only=True)["state"]
    floating = {
        name: value.numpy()
        for name, value in state["network"].items()
        if value.is_floating_point()
    }
    return graph_weights(floating), state["step"]


def pooled(weights, values, mask):
    """What goes into the dense layers: (jets, 455)."""
    design = EdgeConvDesign(NETWORK.neighbours, NETWORK.slope, (0, 1))
    graph = edge_conv_graph([weights], design)
    # The means of all blocks, side by side: (events, 1, 455).
    (means,) = (
        node.output[0]
        for node in graph.node
        if node.op_type == "Concat" and node.attribute[0].i == 2
    )
    shape = ["events", 1, None]
    graph.output.append(
        onnx.helper.make_tensor_value_info(means, onnx.TensorProto.FLOAT, shape)
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(
        model_bytes(graph), options, providers=["CPUExecutionProvider"]
    )
    width = sum(block[-1] for block in NETWORK.blocks) + values.shape[2]
    found = np.zeros((len(values), width), np.float32)
    size = bytes_per_constituent(weights, design)
    for run in EQUAL_LENGTHS.runs(mask.sum(axis=1), bytes_per_constituent=size):
        feeds = {
            "features": values[run.jets, : run.length],
            "mask": mask[run.jets, : run.length],
        }
        found[run.jets] = session.run([means], feeds)[0][:, 0]
    return found


def trained_head(inputs, is_w, epochs):
    """Weights of the dense layers, for inputs as they come."""
    torch.manual_seed(1)
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    sizes = (inputs.shape[1], *NETWORK.dense, 1)
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    parameters = [p for layer in layers for p in layer.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=1e-2)
    x = torch.from_numpy((inputs - mean) / scale)
    y = torch.from_numpy(is_w.astype(np.float32))
    steps = epochs * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        for some in torch.randperm(len(x)).split(BATCH)[: len(x) // BATCH]:
            hidden = x[some]
            for layer in layers[:-1]:
                hidden = leaky_relu(layer(hidden), NETWORK.slope)
                hidden = torch.nn.functional.dropout(hidden, NETWORK.dropout)
            loss = binary_cross_entropy_with_logits(layers[-1](hidden)[:, 0], y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    print(f"loss of the head {loss.item():.4f}")
    names = [*(f"dense.{i}" for i in range(len(layers) - 1)), "output"]
    weights = {}
    for name, layer in zip(names, layers, strict=True):
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        if layer is layers[0]:
            weight = weight / scale
            bias = bias - weight @ mean
        weights |= {f"{name}.weight": weight, f"{name}.bias": bias}
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jets", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    file = np.load(options.jets)
    jets = tuple(file[name] for name in ("values", "mask", "is_w"))
    values, mask, is_w = (column[:-CALIBRATING_JETS] for column in jets)
    weights, steps = blocks_of(options.checkpoint)
    weights |= trained_head(pooled(weights, values, mask), is_w, options.epochs)
    about = {"jets": len(is_w), "block_steps": steps, "head_epochs": options.epochs}
    write_tagger(options.model, weights, jets, NETWORK, about)


if __name__ == "__main__":
    main()
