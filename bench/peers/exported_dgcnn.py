"""The network of the mono-jet paper as it is usually deployed: PyTorch, exported.

Written as the reference implementations of ParticleNet are: padded jets, padding moved
far away, k + 1 neighbours of which the first is dropped as the particle itself, edge
features materialised, 1x1 convolutions with batch norm; then torch.onnx.export with
free batch and length. Takes the weights that oddjet's graph builder takes.
"""

from __future__ import annotations

import io
import warnings
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import leaky_relu

FAR = 999.0


class Block(nn.Module):
    def __init__(self, k, inputs, widths, slope):
        super().__init__()
        self.k, self.slope = k, slope
        sizes = (2 * inputs, *widths)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 1, bias=False) for a, b in zip(sizes, widths, strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.shortcut = nn.Conv1d(inputs, widths[-1], 1, bias=False)
        self.shortcut_norm = nn.BatchNorm1d(widths[-1])

    def forward(self, points, x):
        jets, channels, n = x.shape
        inner = torch.matmul(points.transpose(2, 1), points)
        squared = (points**2).sum(1, keepdim=True)
        nearness = 2 * inner - squared - squared.transpose(2, 1)
        index = nearness.topk(self.k + 1, dim=-1)[1][:, :, 1:]
        flat = (index + torch.arange(jets).view(-1, 1, 1) * n).reshape(-1)
        rows = x.transpose(2, 1).reshape(-1, channels)[flat]
        neighbour = rows.view(jets, n, self.k, channels).permute(0, 3, 1, 2)
        center = x.unsqueeze(3).repeat(1, 1, 1, self.k)
        edges = torch.cat((center, neighbour - center), 1)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            edges = leaky_relu(norm(convolution(edges)), self.slope)
        shortcut = self.shortcut_norm(self.shortcut(x))
        return leaky_relu(shortcut + edges.mean(-1), self.slope)


class Network(nn.Module):
    def __init__(self, blocks, dense, *, k, slope, features=7):
        super().__init__()
        self.slope = slope
        outputs = (features, *(widths[-1] for widths in blocks))
        self.norm = nn.BatchNorm1d(features)
        self.blocks = nn.ModuleList(
            Block(k, inputs, widths, slope)
            for inputs, widths in zip(outputs, blocks, strict=False)
        )
        sizes = (sum(outputs), *dense, 1)
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, features, mask):
        real = mask.unsqueeze(1).float()
        x = features.transpose(2, 1)
        points = x[:, :2] * real + FAR * (1 - real)
        x = self.norm(x) * real
        outputs = [x]
        for block in self.blocks:
            x = block(points, x) * real
            points = x + FAR * (1 - real)
            outputs.append(x)
        hidden = torch.cat(outputs, 1).sum(-1) / real.sum(-1).clamp(min=1)
        for layer in self.dense[:-1]:
            hidden = leaky_relu(layer(hidden), self.slope)
        return self.dense[-1](hidden)[:, 0]


def with_weights(weights, blocks, dense, *, k, slope):
    """The network in evaluation mode with the weights of an EdgeConvNetwork."""
    network = Network(blocks, dense, k=k, slope=slope)
    state = network.state_dict()
    epsilon = 1e-5
    state["norm.running_mean"] = weights["feature_mean"]
    state["norm.running_var"] = weights["feature_scale"] ** 2 - epsilon
    for name, value in weights.items():
        if name.startswith("feature"):
            continue
        ours = name.replace(".layers.", ".convolutions.")
        ours = ours.replace("output.", f"dense.{len(dense)}.")
        state[ours] = value
    network.load_state_dict(
        {
            name: torch.as_tensor(value).reshape(network.state_dict()[name].shape)
            for name, value in state.items()
        }
    )
    return network.eval()


def exported(network):
    """The bytes of its ONNX model."""
    file = io.BytesIO()
    example = (torch.randn(3, 30, 7), torch.ones(3, 30, dtype=torch.bool))
    free = {0: "jets", 1: "constituents"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            example,
            file,
            input_names=["features", "mask"],
            output_names=["score"],
            dynamic_axes={"features": free, "mask": free},
            opset_version=17,
            dynamo=False,
        )
    return file.getvalue()
