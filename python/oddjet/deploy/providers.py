"""Which ONNX Runtime is installed, and what it computes with."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from oddjet.runs.errors import MissingExtra, UserError, require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["CPU", "chosen_providers", "onnx_runtime"]

CPU = "CPUExecutionProvider"
SHORT_NAMES = {
    "cpu": CPU,
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
# Both install the same module, the later one over files of the earlier one.
DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu")


def onnx_runtime() -> ModuleType:
    """Import ONNX Runtime, if exactly one of its packages is installed.

    Returns
    -------
    ModuleType

    Raises
    ------
    MissingExtra
        None is installed.
    UserError
        Both are.
    """
    installed = [name for name in DISTRIBUTIONS if _is_installed(name)]
    if len(installed) > 1:
        message = (
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each "
            "other's files: pip uninstall onnxruntime onnxruntime-gpu, then "
            'pip install "oddjet[onnx]" or "oddjet[onnx-gpu]"'
        )
        raise UserError(message)
    try:
        return require("onnxruntime", extra="onnx")
    except MissingExtra as error:
        message = f'{error} (or "oddjet[onnx-gpu]" where there is an NVIDIA GPU)'
        raise MissingExtra(message) from error


def chosen_providers(
    runtime: ModuleType, wanted: Sequence[str] | str | None
) -> list[str]:
    """Give the execution providers to try, in order of preference.

    Parameters
    ----------
    runtime : ModuleType
        ONNX Runtime.
    wanted : str or sequence of str, optional
        "cpu", "cuda", "tensorrt" or ONNX Runtime's own names. Left out: CUDA where
        this ONNX Runtime has it, then the CPU.

    Returns
    -------
    list of str
        Names of ONNX Runtime; where one was asked for, it stands first.

    Raises
    ------
    UserError
        A provider that this ONNX Runtime does not have.
    """
    available = runtime.get_available_providers()
    if not wanted:
        return [name for name in (SHORT_NAMES["cuda"], CPU) if name in available]
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    providers = [SHORT_NAMES.get(name.lower(), name) for name in names]
    for name, provider in zip(names, providers, strict=True):
        if provider not in available:
            message = (
                f"ONNX Runtime has no provider {name!r} here; it has "
                f"{', '.join(available)}"
            )
            raise UserError(message)
    return providers


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
