"""Studies: many searches of mixtures whose composition is known."""

from __future__ import annotations
