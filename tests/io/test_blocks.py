"""Blocks of a stream depend on its events, not on its chunks."""

from __future__ import annotations

from itertools import pairwise

import awkward as ak
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oddjet.io.blocks import fixed_blocks


@given(st.lists(st.integers(0, 7), max_size=8), st.integers(1, 9))
def test_blocks(sizes, num_events):
    whole = ak.Array(np.arange(sum(sizes)))
    ends = np.cumsum([0, *sizes])
    chunks = [whole[start:stop] for start, stop in pairwise(ends)]
    blocks = list(fixed_blocks(chunks, num_events))
    assert all(len(block) == num_events for block in blocks[:-1])
    assert all(0 < len(block) <= num_events for block in blocks)
    assert [x for block in blocks for x in block.to_list()] == whole.to_list()
