"""Conditional generative models of a few features: flows and flow matching."""
