"""Weakly supervised learning: networks, folds, the training loop and its export.

PyTorch lives here. Configuration and folds do without it, so a command line that
only checks a configuration never loads it.
"""
