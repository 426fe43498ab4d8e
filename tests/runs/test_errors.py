from __future__ import annotations

import pickle

import pytest

from oddjet.runs.errors import MissingExtra, UserError, require


def test_require_imports_a_submodule():
    assert require("xml.dom", extra="sim").__name__ == "xml.dom"


@pytest.mark.parametrize("module", ["oddjet_absent", "oddjet_absent.inner"])
def test_a_missing_extra_says_what_to_install(module):
    expected = (
        r"^this needs oddjet_absent, which is not installed:"
        r' pip install "oddjet\[sim\]"$'
    )
    with pytest.raises(MissingExtra, match=expected) as caught:
        require(module, extra="sim")
    assert isinstance(caught.value, UserError)


def test_a_broken_package_is_no_missing_extra(tmp_path, monkeypatch):
    (tmp_path / "oddjet_broken.py").write_text("import oddjet_something_else")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="oddjet_something_else"):
        require("oddjet_broken", extra="sim")


def test_errors_cross_process_boundaries():
    error = pickle.loads(pickle.dumps(MissingExtra("a sentence")))
    assert isinstance(error, MissingExtra)
    assert str(error) == "a sentence"
