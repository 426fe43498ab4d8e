"""Losses: what a training minimises beside the classification."""
