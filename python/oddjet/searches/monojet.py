"""CWoLa mono-jet: find jets in the signal region that the control region lacks.

The method of Finke, Krämer, Lipp, Mück, arXiv:2204.11889: a graph network learns to
tell the leading fat jets of the signal region from those of the control region.
Without new physics that is impossible; with it, the highest scores pick the
anomalous jets, and the control region says how many to expect.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from oddjet.io import Sample, describe
from oddjet.report.wording import answer
from oddjet.runs.atomic import remove_tree, write_text_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.stages import publish, run_stages
from oddjet.searches.monojet_config import MonoJetConfig
from oddjet.searches.monojet_plan import PUBLISHED, plan
from oddjet.searches.monojet_report import redraw
from oddjet.searches.parts import part_configs, refuse_other_triggers, region_parts
from oddjet.searches.regions import (
    CONTROL_REGION,
    SIGNAL_REGION,
    Files,
    Region,
    RegionConfig,
    RegionFiles,
    refuse_overlap,
    spoken,
    stored,
)
from oddjet.searches.result import Result
from oddjet.searches.search import CONFIG, Search


class MonoJet(Search[MonoJetConfig]):
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

    config_class = MonoJetConfig
    title = "mono-jet"
    answer = staticmethod(answer)
    redraw = staticmethod(redraw)

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
        control_region: Region | Mapping[str, Region] | None = None,
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
            to the run directory first. Of several control regions, a mapping of
            their names to them.
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
        config, shown = self.config, progress or Progress.silent()
        if null:
            config = config.model_copy(update={"is_null_test": True})
        parts = region_parts(config, null=null)
        refuse_other_triggers(parts)
        given = _given(signal_region, control_region, config)
        with lock_directory(root):
            files = {
                home: self._opened(home, given.get(home), root, shown)
                for home in dict.fromkeys(part.home for part in parts)
            }
            refuse_overlap(files)
            checkpoints = (root / "stages" / ".checkpoints").absolute()
            stages = plan(
                config, files, unblind=unblind, checkpoints=checkpoints, null=null
            )
            places = run_stages(root, stages, jobs=jobs, progress=shown)
            # Whatever is left there belongs to configurations of the past.
            remove_tree(checkpoints)
            used = {
                home: [str(Path(file).absolute()) for file in region.sample.files]
                for home, region in files.items()
            }
            if null:
                used[SIGNAL_REGION] = []  # was not read; `--null` makes it again
            resolved = dump_yaml(config.with_files(used))
            write_text_atomic(root / CONFIG, resolved)
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
        return describe(self._region(region).find_files(region, self.base))

    def _region(self, home: str) -> RegionConfig:
        return part_configs(self.config)[home]

    def _opened(
        self, home: str, given: Region | None, root: Path, shown: Progress
    ) -> RegionFiles:
        if given is None:
            files: Files = self._region(home).find_files(home, self.base)
        else:
            files = stored(given, root / f"{home}.parquet")
        with shown.task(f"read the {spoken(home)}"):
            return RegionFiles.open(files, self._region(home))


def _given(
    signal: Region | None,
    control: Region | Mapping[str, Region] | None,
    config: MonoJetConfig,
) -> dict[str, Region | None]:
    """Sort what was handed in by the parts of the configuration.

    Raises
    ------
    UserError
        Control regions by other names than those of the configuration.
    """
    given: dict[str, Region | None] = {SIGNAL_REGION: signal}
    names = list(config.control_regions)
    if control is None:
        return given
    if not isinstance(control, Mapping):
        if names:
            message = (
                "the configuration has several control regions; give a mapping with"
                f" the events of {', '.join(names)}"
            )
            raise UserError(message)
        return given | {CONTROL_REGION: control}
    if sorted(control) != sorted(names):
        message = (
            f"control regions {', '.join(control)} were given, the configuration has"
            f" {', '.join(names) or 'one without a name'}"
        )
        raise UserError(message)
    return given | {f"{CONTROL_REGION}-{name}": control[name] for name in names}
