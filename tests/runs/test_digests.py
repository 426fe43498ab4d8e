from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from oddjet.runs.config import ConfigModel
from oddjet.runs.digests import digest, digest_file, plain_data


class Axis(StrEnum):
    BEAM = "beam"


class Level(Enum):
    HIGH = 3


class Window(ConfigModel):
    low: float = 1.5
    axis: Axis = Axis.BEAM
    names: tuple[str, ...] = ("a", "b")


@dataclass(frozen=True)
class Spec:
    radius: float
    window: Window


def test_digests_are_the_same_for_ever():
    assert digest(None) == hashlib.sha256(b"null").hexdigest()
    assert (
        digest({"b": (1, 2.0), "a": "é"})
        == hashlib.sha256(rb'{"a":"\u00e9","b":[1,2.0]}').hexdigest()
    )
    assert (
        digest(Window())
        == "fc9b99f1a310b7ca11e6307f07486f46f4e735fe1472148fd4079b6456bdb96a"
    )


def test_models_dataclasses_and_mappings_are_their_fields():
    plain = {"radius": 0.8, "window": {"low": 1.5, "axis": "beam", "names": ["a", "b"]}}
    assert plain_data(Spec(0.8, Window())) == plain
    assert digest(MappingProxyType(plain)) == digest(OrderedDict(plain))
    assert plain_data(Level.HIGH) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (0.1, 0.1 + 2**-56), (True, 1), ("1", 1), ([1, 2], [2, 1]), ({}, [])],
)
def test_what_differs_has_another_digest(one, other):
    assert digest(one) != digest(other)


def test_numpy_scalars_are_numbers():
    assert digest(np.float64(0.1)) == digest(0.1)
    assert digest([np.int32(3)]) == digest([3])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Path("a/b"), "a path has no digest, got 'a/b'; use the digest of the file"),
        ({"x": [Path("a")]}, "a path has no digest"),
        ({1: 2}, "keys must be strings, got 1"),
        ({1, 2}, "set is not plain data"),
        (b"x", "bytes is not plain data"),
        (np.zeros(2), "ndarray is not plain data"),
        (Window, "is not plain data"),
    ],
)
def test_what_has_no_evident_text_is_refused(value, message):
    with pytest.raises(TypeError, match=message):
        digest(value)


def test_a_file_has_the_digest_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "f").write_bytes(content)
    assert digest_file(tmp_path / "f") == hashlib.sha256(content).hexdigest()
