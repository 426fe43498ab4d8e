from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oddjet.runs.seeds import derive_seed

NAMES = st.lists(st.one_of(st.text(), st.integers()), max_size=4)


def test_seeds_are_the_same_for_ever():
    assert derive_seed(0) == 6197007067532723406
    assert derive_seed(1, "training", 3) == 8047576611963259266
    assert derive_seed(-5, "größe") == 6054376819958448065


def test_text_and_number_are_different_names():
    assert derive_seed(1, "1") != derive_seed(1, 1)
    assert derive_seed(1, "a", "b") != derive_seed(1, "ab")
    assert derive_seed(1, 'a","b') != derive_seed(1, "a", "b")


def test_numpy_integers_are_integers():
    assert derive_seed(np.int64(7), np.uint32(2)) == derive_seed(7, 2)


@given(st.integers(), NAMES, NAMES)
def test_other_names_give_another_seed_of_63_bits(seed, names, others):
    first, second = derive_seed(seed, *names), derive_seed(seed, *others)
    assert 0 <= first < 2**63
    assert (first == second) == (names == others)
