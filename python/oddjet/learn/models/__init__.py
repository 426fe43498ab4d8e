"""Networks on the constituents of a jet."""
