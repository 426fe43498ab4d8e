from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import pytest
import yaml
from pydantic import Field, ValidationError, model_validator

from oddjet.runs.config import (
    ConfigModel,
    commented_yaml,
    dump_yaml,
    load_yaml,
    parse_config,
)
from oddjet.runs.errors import UserError


class Training(ConfigModel):
    """How the classifier learns."""

    epochs: int = Field(10, ge=1, description="Passes over the sample.")
    learning_rate: float = Field(
        1e-3,
        gt=0,
        description="Step of the optimiser. Smaller steps need more passes; larger"
        " steps may not converge at all.",
    )
    optimiser: Literal["adam", "sgd"] = Field("adam", description="What steps.")
    layers: tuple[int, ...] = Field((64, 64), description="Width of each layer.")


class Counting(ConfigModel):
    """How events are counted."""

    cr_efficiency: float = Field(0.01, gt=0, lt=1, description="Of the control sample.")
    threshold: float | Literal["auto"] = "auto"

    @model_validator(mode="after")
    def _together(self):
        if self.threshold == self.cr_efficiency:
            message = "threshold and cr_efficiency must differ"
            raise ValueError(message)
        return self


class Sample(ConfigModel):
    """One sample."""

    path: Path
    weight: float = 1.0


class Search(ConfigModel):
    """A toy search.

    Not in the template.
    """

    seed: int = Field(1, description="Of every random choice.")
    signal_region: list[str] = Field(
        min_length=1, description="Files.", examples=[["signal.root"]]
    )
    control_region: str = Field(description="A file.")
    training: Training = Field(Training(), description="The classifier.")
    counting: Counting = Counting()
    samples: dict[str, list[Sample]] = Field({})


GOOD = {"signal_region": ["a.root"], "control_region": "b.root"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"training": {"epoch": 3}},
            "training.epoch is not a known key; did you mean training.epochs?",
        ),
        (
            {"learning_rates": 3},
            "learning_rates is not a known key; did you mean training.learning_rate?",
        ),
        (
            {"counting": {"zzz": 1}},
            (
                "counting.zzz is not a known key;"
                " the keys of counting are cr_efficiency, threshold"
            ),
        ),
        (
            {"samples": {"qcd": [{"path": "a"}, {"path": "b", "wieght": 2}]}},
            (
                "samples.qcd[1].wieght is not a known key;"
                " did you mean samples.qcd[1].weight?"
            ),
        ),
        (
            {"counting": {"cr_efficiency": -1}},
            "counting.cr_efficiency must be greater than 0, got -1",
        ),
        (
            {"training": {"epochs": "ten"}},
            "training.epochs must be a valid integer, got 'ten'",
        ),
        (
            {"training": {"epochs": 1.5}},
            "training.epochs must be a valid integer, got 1.5",
        ),
        ({"seed": None}, "seed must be a valid integer, got nothing"),
        ({"training": 3}, "training must be a mapping of keys, got 3"),
        (
            {"training": {"optimiser": "lion"}},
            "training.optimiser must be 'adam' or 'sgd', got 'lion'",
        ),
        (
            {"training": {"layers": [64, "wide"]}},
            "training.layers[1] must be a valid integer, got 'wide'",
        ),
        (
            {"counting": {"threshold": "high"}},
            "counting.threshold must be a valid number or 'auto', got 'high'",
        ),
        (
            {"counting": {"cr_efficiency": math.nan}},
            "counting.cr_efficiency must be a finite number, got nan",
        ),
        (
            {"counting": {"cr_efficiency": 0.5, "threshold": 0.5}},
            "counting: threshold and cr_efficiency must differ",
        ),
        ({"signal_region": []}, "signal_region must have at least 1 item, not 0"),
        (
            {"signal_region": "a.root"},
            "signal_region must be a valid list, got 'a.root'",
        ),
        (
            {"training": {"epochs": 0, "epoch": 1, "learning_rate": 0}},
            (
                "training.epoch is not a known key; did you mean training.epochs?"
                " (and 2 more problems)"
            ),
        ),
    ],
)
def test_a_wrong_entry_is_told_in_one_sentence(wrong, sentence):
    with pytest.raises(UserError) as caught:
        parse_config(Search, GOOD | wrong, source="search.yaml")
    assert str(caught.value) == f"search.yaml: {sentence}"


def test_a_missing_entry_is_told():
    with pytest.raises(UserError) as caught:
        parse_config(Search, {"signal_region": ["a"]}, source=Path("x/search.yaml"))
    assert str(caught.value) == "x/search.yaml: control_region is missing"


def test_a_configuration_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Training().epochs = 3


def test_yaml_text_round_trips(tmp_path):
    config = parse_config(
        Search,
        GOOD
        | {
            "training": {"learning_rate": 1e-5, "layers": [1]},
            "samples": {"größe": [{"path": "a/b.root", "weight": 0.1}]},
        },
        source="",
    )
    (tmp_path / "a.yaml").write_text(dump_yaml(config), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(commented_yaml(config), encoding="utf-8")
    for name in ("a.yaml", "b.yaml"):
        assert parse_config(Search, load_yaml(tmp_path / name), source="") == config


def test_what_models_share_comes_last():
    class Special(Training):
        """A classifier with one entry more."""

        depth: int = Field(2, description="Of the trees.")

    text = commented_yaml(Special)
    assert text.index("depth:") < text.index("epochs:")
    assert set(yaml.safe_load(text)) == set(Special.model_fields)


def test_a_template_explains_every_entry():
    assert (
        commented_yaml(Search)
        == """\
# A toy search.

# Of every random choice.
seed: 1

# Files.
signal_region: [signal.root]

# A file.
control_region:  # required

# The classifier.
training:
  # Passes over the sample.
  epochs: 10
  # Step of the optimiser. Smaller steps need more passes; larger steps may not
  # converge at all.
  learning_rate: 0.001
  # What steps; one of adam, sgd
  optimiser: adam
  # Width of each layer.
  layers: [64, 64]

counting:
  # Of the control sample.
  cr_efficiency: 0.01
  threshold: auto

samples: {}
"""
    )


def test_an_unfilled_template_names_what_is_required():
    class Inner(ConfigModel):
        name: str

    class Outer(ConfigModel):
        inner: Inner

    template = yaml.safe_load(commented_yaml(Outer))
    with pytest.raises(UserError, match=r"inner.name must be a valid string, got not"):
        parse_config(Outer, template, source="t.yaml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4, column 3: the key c appears twice"),
        ("a: [1, 2\n", "line 2, column 1: expected ',' or ']', but got"),
        ("a: !!python/name:os.system x\n", "line 1, column 4: could not determine"),
        ("- 1\n", ": a configuration is a mapping of keys to values, got a list"),
        ("a: \x00\n", "special characters are not allowed"),
    ],
)
def test_a_file_that_is_no_configuration_is_told(tmp_path, text, sentence):
    path = tmp_path / "search.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_yaml(path)
    assert str(caught.value).startswith(str(path))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*x.yaml: No such file"):
        load_yaml(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8 text"):
        load_yaml(tmp_path / "x.yaml")


def test_numbers_are_numbers_and_an_empty_file_is_empty(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1e-3\nb: 1.5e3\nc: 12\nd: 1e-3x\n")
    assert load_yaml(path) == {"a": 1e-3, "b": 1500.0, "c": 12, "d": "1e-3x"}
    path.write_text("# nothing\n")
    assert load_yaml(path) == {}
