"""One small classifier, trained alone with torch.nn and torch.optim.Adam."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


def network(features, hidden, dropout=0.0):
    layers = []
    for size in hidden:
        layers += [nn.Linear(features, size), nn.ReLU(), nn.Dropout(dropout)]
        features = size
    return nn.Sequential(*layers, nn.Linear(features, 1))


def with_weights(model, weights, biases):
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, weight, bias in zip(linear, weights, biases, strict=True):
            layer.weight.copy_(weight.T)
            layer.bias.copy_(bias[0])
    return model


def train(model, x, y, weights, batches_of_epoch, *, validation, config):
    """Early stopping on the validation loss; gives the best state and its epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    loss = nn.functional.binary_cross_entropy_with_logits
    best, best_epoch, state = np.inf, 0, None
    for epoch in range(1, config.epochs + 1):
        model.train()
        for rows in batches_of_epoch(epoch):
            value = loss(model(x[rows])[:, 0], y[rows], weight=weights[rows])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            x_val, y_val, w_val = validation
            found = float(loss(model(x_val)[:, 0], y_val, weight=w_val))
        if found < best:
            best, best_epoch = found, epoch
            state = {name: value.clone() for name, value in model.state_dict().items()}
        if epoch - best_epoch >= config.patience:
            break
    model.load_state_dict(state)
    return best_epoch, best
