"""What a finished stage is made from and what it consists of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oddjet.runs.atomic import sync_directory, sync_file, write_text_atomic
from oddjet.runs.digests import digest, digest_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Manifest",
    "changed_entries",
    "digest_outputs",
    "find_damage",
    "read_manifest",
    "write_manifest",
]

MANIFEST_FILE = "manifest.json"
SCHEMA_VERSION = 1
LONGEST_VALUE = 40


@dataclass(frozen=True)
class Manifest:
    """The record that lies beside the outputs of a finished stage.

    Attributes
    ----------
    key_parts : dict
        Plain data that decide the outputs: ``name``, ``arguments``,
        ``versions``, ``sources`` and ``inputs``, the last with the digest of
        the outputs of each stage upstream.
    outputs : dict of str to str
        The sha256 of each file, by its path relative to the stage.
    """

    key_parts: dict[str, Any]
    outputs: dict[str, str]

    @property
    def key(self) -> str:
        """The digest of all that decides the outputs."""
        return digest(self.key_parts)

    @property
    def outputs_digest(self) -> str:
        """The digest of all outputs together."""
        return digest(self.outputs)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write the manifest of a stage and wait until it is on the disk."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "key": manifest.key,
        "key_parts": manifest.key_parts,
        "outputs": manifest.outputs,
    }
    text = json.dumps(content, indent=2, sort_keys=True)
    write_text_atomic(directory / MANIFEST_FILE, text + "\n")


def read_manifest(directory: Path) -> Manifest | None:
    """Read the manifest of a stage; None if there is no valid one."""
    try:
        content = json.loads((directory / MANIFEST_FILE).read_text(encoding="utf-8"))
        manifest = Manifest(content["key_parts"], content["outputs"])
        valid = content["schema_version"] == SCHEMA_VERSION
        return manifest if valid and content["key"] == manifest.key else None
    except (OSError, ValueError, KeyError, TypeError):
        # Absent, cut short or edited: the stage is made again in any case.
        return None


def digest_outputs(directory: Path, *, sync: bool = False) -> dict[str, str]:
    """Give the sha256 of each file of a stage but its manifest.

    Parameters
    ----------
    directory : Path
        The directory of the stage.
    sync : bool
        Also wait until all of it is on the disk.

    Returns
    -------
    dict of str to str
        By relative path with forward slashes, sorted.
    """
    outputs = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if sync:
            (sync_directory if path.is_dir() else sync_file)(path)
        if name != MANIFEST_FILE and not path.is_dir():
            outputs[name] = digest_file(path)
    return outputs


def find_damage(directory: Path, manifest: Manifest) -> str | None:
    """Say which output is not as its stage left it; None if all are."""
    found = digest_outputs(directory)
    for name in sorted(manifest.outputs.keys() | found.keys()):
        if name not in found:
            return f"{name} is gone"
        if name not in manifest.outputs:
            return f"{name} does not belong there"
        if found[name] != manifest.outputs[name]:
            return f"{name} has changed"
    return None


def changed_entries(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Say which key parts differ, as ``training.epochs 10 -> 20``.

    Of the inputs only the names count here: whether their content differs is
    known when the stages upstream are finished.
    """
    changes = []
    was, now = _flat(old["arguments"]), _flat(new["arguments"])
    for path in _different(was, now):
        changes.append(f"{path} {_show(was, path)} -> {_show(now, path)}")
    was, now = old["versions"], new["versions"]
    for name in _different(was, now):
        changes.append(f"version of {name} {_show(was, name)} -> {_show(now, name)}")
    for name in _different(old["sources"], new["sources"]):
        changes.append(f"content of {name}")
    if old["inputs"].keys() != new["inputs"].keys():
        changes.append(f"inputs {_names(old['inputs'])} -> {_names(new['inputs'])}")
    return changes


def _different(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """List the keys whose values differ, in the order of the new ones."""
    keys = dict.fromkeys([*new, *old])
    # Compared by digest, for which 1 and 1.0 are two values, as for the key.
    return [k for k in keys if k not in old or k not in new or _unequal(old, new, k)]


def _unequal(old: dict[str, Any], new: dict[str, Any], key: str) -> bool:
    return digest(old[key]) != digest(new[key])


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, entry in value.items():
        if isinstance(entry, dict) and entry:
            flat |= _flat(entry, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = entry
    return flat


def _names(inputs: dict[str, Any]) -> str:
    return ", ".join(sorted(inputs)) or "none"


def _show(values: dict[str, Any], key: str) -> str:
    if key not in values:
        return "absent"
    text = json.dumps(values[key], ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."
