"""The literal meaning of LundNet: one jet, loops, double precision."""

from __future__ import annotations

import numpy as np


def normalise(x, weights, name):
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    scaled = (x - mean) / np.sqrt(variance + 1e-5)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def message(at, neighbour, weights, name, *, center):
    x = weights[f"{name}.theta.weight"] @ (at - neighbour)
    x = x + weights[f"{name}.phi.weight"] @ (at if center else neighbour)
    x = np.maximum(normalise(x, weights, f"{name}.norms.0"), 0)
    layer = 0
    while f"{name}.layers.{layer}.weight" in weights:
        x = weights[f"{name}.layers.{layer}.weight"] @ x
        layer += 1
        x = np.maximum(normalise(x, weights, f"{name}.norms.{layer}"), 0)
    return x


def tree_conv(x, neighbours, weights, name, *, center, shortcut):
    outputs = []
    for i in range(len(x)):
        messages = [
            message(x[i], x[j], weights, name, center=center)
            for j in neighbours[i]
            if j >= 0
        ]
        last = max(
            int(key.split(".")[-2])
            for key in weights
            if key.startswith(f"{name}.norms.") and key.endswith(".weight")
        )
        width = len(weights[f"{name}.norms.{last}.weight"])
        total = np.mean(messages, axis=0) if messages else np.zeros(width)
        if shortcut:
            if f"{name}.shortcut.0.weight" in weights:
                direct = weights[f"{name}.shortcut.0.weight"] @ x[i]
                total = total + normalise(direct, weights, f"{name}.shortcut.1")
            else:
                total = total + x[i]
            total = np.maximum(total, 0)
        outputs.append(total)
    return np.array(outputs)


def lund_net_logit(weights, nodes, neighbours, *, center, shortcut):
    """Score one jet from its nodes (n, variables) and their neighbours (n, 3)."""
    weights = {name: np.asarray(each, np.float64) for name, each in weights.items()}
    x = np.asarray(nodes, np.float64) - weights["feature_mean"]
    x = normalise(x / weights["feature_scale"], weights, "input_norm")
    outputs, block = [], 0
    while f"blocks.{block}.theta.weight" in weights:
        name = f"blocks.{block}"
        x = tree_conv(x, neighbours, weights, name, center=center, shortcut=shortcut)
        outputs.append(x)
        block += 1
    fused = [
        np.maximum(weights["fusion.weight"] @ row + weights["fusion.bias"], 0)
        for row in np.concatenate(outputs, axis=1)
    ]
    pooled = np.mean([normalise(row, weights, "fusion_norm") for row in fused], axis=0)
    hidden = np.maximum(weights["dense.weight"] @ pooled + weights["dense.bias"], 0)
    background, signal = weights["output.weight"] @ hidden + weights["output.bias"]
    logit = np.array([signal - background])
    if "logit_norm.weight" in weights:
        logit = normalise(logit, weights, "logit_norm")
    return logit[0]
