"""CWoLa mono-jet: find jets in the signal region that the control region lacks.

The method of Finke, Krämer, Lipp, Mück, arXiv:2204.11889: a graph network learns to
tell the leading fat jets of the signal region from those of the control region.
Without new physics that is impossible; with it, the highest scores pick the
anomalous jets, and the control region says how many to expect.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from oddjet.io import Sample, describe
from oddjet.runs.atomic import remove_tree, write_text_atomic
from oddjet.runs.config import dump_yaml, load_yaml, parse_config
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.stages import publish, run_stages
from oddjet.searches.monojet_config import MonoJetConfig
from oddjet.searches.monojet_plan import PUBLISHED, plan
from oddjet.searches.regions import (
    CONTROL_REGION,
    REGIONS,
    SIGNAL_REGION,
    Files,
    Region,
    RegionConfig,
    RegionFiles,
    refuse_overlap,
    stored,
)
from oddjet.searches.result import Result


class MonoJet:
    """A mono-jet search, from events to significance.

    Parameters
    ----------
    config : MonoJetConfig
    base : Path, optional
        Directory that relative files in the configuration start from; by default
        the current one.

    Examples
    --------
    >>> search = MonoJet(MonoJetConfig(seed=3, counting={"cr_efficiency": 0.01}))
    >>> search.config.selection.met_min_gev
    250.0
    """

    def __init__(self, config: MonoJetConfig, *, base: Path | None = None) -> None:
        self.config = config
        self.base = base

    @classmethod
    def from_yaml(cls, path: Path | str) -> MonoJet:
        """Read a configuration file; its files are relative to its directory.

        Raises
        ------
        UserError
            The first problem of the file, in one sentence.
        """
        path = Path(path)
        config = parse_config(MonoJetConfig, load_yaml(path), source=path)
        return cls(config, base=path.parent)

    def on_device(self, device: Literal["cpu", "cuda"]) -> MonoJet:
        """Copy the search, with networks that train elsewhere.

        Parameters
        ----------
        device : "cpu" or "cuda"

        Returns
        -------
        MonoJet
        """
        training = self.config.training.model_copy(update={"device": device})
        config = self.config.model_copy(update={"training": training})
        return MonoJet(config, base=self.base)

    def run(
        self,
        *,
        signal_region: Region | None = None,
        control_region: Region | None = None,
        directory: Path | str | None = None,
        jobs: int = 1,
        unblind: bool = False,
        null: bool = False,
        progress: Progress | None = None,
    ) -> Result:
        """Run the search, or what is left of it.

        Parameters
        ----------
        signal_region, control_region : Events, path or sequence of paths, optional
            Instead of the files of the configuration. Events in memory are written
            to the run directory first.
        directory : Path or str, optional
            The run directory; the same one goes on with an interrupted search. By
            default a new one among the temporary files.
        jobs : int
            Processes at once; never changes a result. With more than one, a script
            must protect its main part with ``__name__ == "__main__"``.
        unblind : bool
            Look at a signal region of role "data". Recorded in results.json.
        null : bool
            Search one half of the control region against the other: a test of
            everything but the signal region, which is not read.
        progress : Progress, optional
            Where to show what is going on; by default nowhere.

        Returns
        -------
        Result

        Raises
        ------
        UserError
            Events or files that cannot be searched, in one sentence.
        """
        root = Path(directory or tempfile.mkdtemp(prefix="oddjet-"))
        given = {SIGNAL_REGION: signal_region, CONTROL_REGION: control_region}
        config = self.config
        # Where each region's events are.
        home = {name: CONTROL_REGION if null else name for name in REGIONS}
        if null:
            config = config.model_copy(update={"is_null_test": True})
        shown = progress or Progress.silent()
        with lock_directory(root):
            files = {
                name: self._files(name, given[name], root)
                for name in dict.fromkeys(home.values())
            }
            regions = {}
            for name in REGIONS:
                with shown.task(f"read the {name.replace('_', ' ')}"):
                    regions[name] = RegionFiles.open(
                        files[home[name]], self._region(home[name])
                    )
            if not null:
                refuse_overlap(regions)
            checkpoints = (root / "stages" / ".checkpoints").absolute()
            stages = plan(
                config, regions, unblind=unblind, checkpoints=checkpoints, null=null
            )
            places = run_stages(root, stages, jobs=jobs, progress=shown)
            # Whatever is left there belongs to configurations of the past.
            remove_tree(checkpoints)
            used = {
                name: [str(Path(file).absolute()) for file in region.sample.files]
                for name, region in regions.items()
            }
            if null:
                used[SIGNAL_REGION] = []  # was not read; `--null` makes it again
            resolved = dump_yaml(config.with_files(used))
            write_text_atomic(root / "config.yaml", resolved)
            for stage, name in PUBLISHED.items():
                publish(places[stage] / name, root / name)
        return Result.load(root)

    def sample(self, region: str) -> Sample:
        """Describe the files of a region of the configuration.

        Raises
        ------
        UserError
            No files, or files that cannot be read.
        """
        return describe(self._region(region).find_files(region, self.base or Path()))

    def _region(self, name: str) -> RegionConfig:
        return {
            SIGNAL_REGION: self.config.signal_region,
            CONTROL_REGION: self.config.control_region,
        }[name]

    def _files(self, name: str, given: Region | None, root: Path) -> Files:
        if given is None:
            return self._region(name).find_files(name, self.base or Path())
        return stored(given, root / f"{name}.parquet")
