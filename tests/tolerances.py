"""How closely results must agree, and why no closer."""

from __future__ import annotations

#: Relative, for momenta that went through the same sums in double precision: a few
#: hundred additions, each rounded at 1.1e-16, and a change of coordinates.
MOMENTUM = 1e-12

#: Absolute [radians, units of rapidity], for angles of momenta that agree to MOMENTUM.
#: At |rapidity| = 10 a difference of light-cone momenta costs eight of 16 digits.
ANGLE = 1e-9

#: Relative and absolute, for a float32 against its definition in double: half a unit
#: in the last place is 6e-8; zero is met by cancellation of numbers of order ten.
SINGLE = 1.2e-7

#: Absolute, for FastJet's answers in files: they are printed with 8 decimals, of
#: particles printed with 10.
PRINTED = 2e-8

#: Absolute, for the logits of ONNX Runtime against those of PyTorch, both float32.
#: Sums in another order make 1e-6 of logits of order one. Of calibrated scores 1e-5
#: holds for all but a few jets in a thousand: between two control events of nearly
#: equal logit a table is steep (slopes of hundreds) and multiplies the 1e-6; scores
#: are compared with the table of logits within this.
LOGIT = 1e-5

#: Absolute, for squared distance correlations of up to a few thousand events: sums of
#: terms of order one, each rounded at 1e-16, over distance variances that random
#: samples of a few values bring down to 1e-3.
CENTRED_SUM = 1e-12

#: Absolute, for their root, where it vanishes by cancellation: sqrt(CENTRED_SUM).
CENTRED_SUM_ROOT = 1e-6
