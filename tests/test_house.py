"""What holds for the whole package: layers, light imports, files that agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import oddjet

ROOT = Path(__file__).parents[1]
HEAVY = (
    *("torch", "zuko", "sklearn", "onnx", "onnxruntime", "matplotlib"),
    *("pyhf", "iminuit", "pythia8mc", "uproot", "h5py", "hdf5plugin", "pyhepmc"),
)


def modules_loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import oddjet",
        "import oddjet.cli.main",
        "import oddjet; oddjet.read, oddjet.cluster, oddjet.Events",
    ],
)
def test_light_imports_stay_light(statement: str) -> None:
    assert not modules_loaded_by(statement) & set(HEAVY)


def test_scoring_needs_no_torch() -> None:
    loaded = modules_loaded_by("import oddjet.deploy.scorer, oddjet.searches.counting")
    assert "torch" not in loaded
    assert "matplotlib" not in loaded


def test_every_public_name_has_a_home() -> None:
    for name in oddjet.__all__:
        assert getattr(oddjet, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = oddjet.nothing


def test_the_layers_of_the_house() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert oddjet.__version__ == project["version"]
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_tested_versions_carry_no_local_label() -> None:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"#.*|[\w.-]+==[\w.]+", pin) for pin in pins)


def test_the_python_examples_of_the_readme_run(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 2
    (tmp_path / "example.py").write_text("\n".join(examples), "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "significance:" in done.stdout
    assert "independent with p =" in done.stdout
    assert (tmp_path / "runs" / "python" / "report.html").is_file()
