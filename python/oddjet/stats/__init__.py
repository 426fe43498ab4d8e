"""Statistical inference: arrays in, plain results out."""
