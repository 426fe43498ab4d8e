from __future__ import annotations

import hashlib
from dataclasses import replace

import onnx
import pytest

from oddjet.deploy.bundle import (
    FORMAT_VERSION,
    content_digest,
    model_bytes,
    read_bundle,
    write_bundle,
)
from oddjet.runs.errors import UserError


def changed(model_file, tmp_path, *, signed=False, **texts):
    """A copy of the model with other texts; None removes one."""
    model = onnx.load(model_file)
    entries = {e.key.removeprefix("oddjet."): e.value for e in model.metadata_props}
    entries |= texts
    entries = {key: text for key, text in entries.items() if text is not None}
    if signed:
        del entries["digest"], entries["file_digest"]
        entries["digest"] = content_digest(model.graph, entries)
    path = tmp_path / "changed.onnx"
    path.write_bytes(model_bytes(model.graph, entries))
    return path


def test_a_model_says_what_it_is(model_file, spec):
    bundle = read_bundle(model_file)
    assert bundle.spec == spec
    assert bundle.folds == 3
    assert bundle.unit == "event"
    assert bundle.provenance == {"training.epochs": "3"}
    assert bundle.model == model_file.read_bytes()


def test_equal_models_are_equal_files_wherever_they_are(
    model_file, graph, spec, tmp_path
):
    path = tmp_path / "another name.onnx"
    facts = {"training": {"epochs": 3}}
    write_bundle(path, graph, spec=spec, folds=3, provenance=facts)
    assert path.read_bytes() == model_file.read_bytes()
    for part in (*tmp_path.parts[1:], *model_file.parts[1:-1]):
        assert part.encode() not in path.read_bytes()


def test_checkers_and_old_runtimes_accept_the_model(model_file):
    model = onnx.load(model_file)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)


def test_a_file_that_is_no_model_is_refused(tmp_path, graph):
    path = tmp_path / "file.onnx"
    with pytest.raises(UserError, match=r"cannot read the model .*No such file"):
        read_bundle(path)
    for content in (b"", b"no protobuf at all", b"\x00\xff" * 100):
        path.write_bytes(content)
        with pytest.raises(UserError, match="is no ONNX file, or a damaged one"):
            read_bundle(path)
    path.write_bytes(model_bytes(graph))
    with pytest.raises(UserError, match="is an ONNX file but no model of oddjet"):
        read_bundle(path)


def test_a_damaged_model_is_refused(model_file, tmp_path):
    content = bytearray(model_file.read_bytes())
    constant = onnx.load(model_file).graph.initializer[-1].raw_data
    content[content.index(constant)] ^= 1
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    with pytest.raises(
        UserError, match="is damaged or was edited: its content differs"
    ):
        read_bundle(path)
    path.write_bytes(model_file.read_bytes()[: len(content) // 2])
    with pytest.raises(UserError, match="damaged"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("feature_spec", "radius = 0.8", "radius = 0.4"),
        ("feature_spec", "log_pt log_pt_ratio", "log_pt_ratio log_pt"),
        ("unit", "event", "jet"),
        ("folds", "3", "2"),
        ("provenance", "epochs = 3", "epochs = 4"),
    ],
)
def test_a_model_whose_text_was_edited_is_refused(model_file, tmp_path, key, old, new):
    text = {
        e.key.removeprefix("oddjet."): e.value
        for e in onnx.load(model_file).metadata_props
    }[key]
    assert old in text
    with pytest.raises(UserError, match="was edited: its content differs"):
        read_bundle(changed(model_file, tmp_path, **{key: text.replace(old, new)}))
    with pytest.raises(UserError, match="was edited: its content differs"):
        read_bundle(changed(model_file, tmp_path, **{key: None}))
    assert read_bundle(changed(model_file, tmp_path)).folds == 3


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_model_whose_inputs_or_outputs_were_edited_is_refused(
    model_file, tmp_path, side
):
    model = onnx.load(model_file)
    getattr(model.graph, side)[0].type.tensor_type.shape.dim[-1].dim_param = "any"
    path = tmp_path / "edited.onnx"
    onnx.save(model, path)
    with pytest.raises(UserError, match="was edited: its content differs"):
        read_bundle(path)


def test_the_file_digest_is_that_of_the_bytes_around_it(model_file):
    content = model_file.read_bytes()
    entries = {e.key: e.value for e in onnx.load(model_file).metadata_props}
    digest = entries["oddjet.file_digest"]
    assert content.count(digest.encode()) == 1
    blank = content.replace(digest.encode(), b"0" * 64)
    assert hashlib.sha256(blank).hexdigest() == digest


def test_text_that_does_not_fit_the_graph_is_refused(graph, spec, tmp_path):
    path = tmp_path / "model.onnx"
    fewer = replace(spec, features=spec.features[:-1], versions=())
    write_bundle(path, graph, spec=fewer, folds=3, provenance={})
    with pytest.raises(
        UserError, match="names 6 features and 3 folds, its graph has 7 and 3;"
    ):
        read_bundle(path)
    write_bundle(path, graph, spec=spec, folds=2, provenance={})
    with pytest.raises(
        UserError, match="names 7 features and 2 folds, its graph has 7 and 3;"
    ):
        read_bundle(path)


def test_a_graph_without_the_named_inputs_is_refused(graph, spec, tmp_path):
    other = onnx.GraphProto()
    other.CopyFrom(graph)
    del other.input[:], other.output[:]
    path = tmp_path / "model.onnx"
    write_bundle(path, other, spec=spec, folds=3, provenance={})
    with pytest.raises(UserError, match="its graph has 0 and 0; export it again"):
        read_bundle(path)


def test_metadata_of_other_releases_are_refused(model_file, tmp_path, spec):
    newer = changed(model_file, tmp_path, format_version="7")
    with pytest.raises(
        UserError, match=f"model format 7, .* reads format {FORMAT_VERSION}"
    ):
        read_bundle(newer)
    text = spec.to_text().replace("log_energy_ratio", "log_mystery")
    with pytest.raises(UserError, match=r"does not know: .*log_mystery"):
        read_bundle(changed(model_file, tmp_path, signed=True, feature_spec=text))
    with pytest.raises(UserError, match="does not know: 'unit'"):
        read_bundle(changed(model_file, tmp_path, signed=True, unit=None))
