"""``tuft demo``: the story in one command: traces, learning, comparison, page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from compartments.checks import check_name
from compartments.domains import Count
from experiments.compare import experiment as compare
from experiments.compare import page as compare_page
from experiments.lab.kept_results import KeptResults
from experiments.lab.options import Workers
from experiments.lab.progress import Report, portion
from experiments.lab.runner import FolderName, Result, SeededConfig, saved
from experiments.lab.storage import read_json
from experiments.report.figure_style import style
from experiments.report.page import Section, write_page
from experiments.spikes.figures import draw_raster, raster_section
from experiments.spikes.scenes import save_scene
from experiments.traces import experiment as traces
from experiments.traces import page as traces_page
from models.brian_engine import STEP_SECONDS
from models.standalone import check_compiler


@dataclass(frozen=True)
class Config(SeededConfig):
    """Three-compartment neurons relax and learn digits in Brian2, beside Algorithm 1."""

    presentations: Count = 1437
    """Digits presented, one after another; 400 ms each."""
    sweep_presentations: Count = 6
    """Samples in the cycle that is shown for each point of the sweeps."""
    codegen: str = "cpp_standalone"
    """Brian2's code generation: cpp_standalone (needs a C++ compiler), cython or numpy."""
    jobs: Workers = 1
    """Processes for the sweeps; each takes longer to start than these few sweeps."""
    name: FolderName = "demo"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("", "--codegen", self.codegen, STEP_SECONDS)
        _ = self.parts  # checks what they are given

    @cached_property
    def parts(self) -> tuple[traces.Config, compare.Config]:
        """The configurations of the two experiments that the demo consists of."""
        return (
            traces.Config(seed=self.seed),
            compare.Config(
                presentations=self.presentations,
                sweep_presentations=self.sweep_presentations,
                codegen=self.codegen,
                quick=True,
                jobs=self.jobs,
                seed=self.seed,
                out=self.out,
                name=self.name,
            ),
        )

    @property
    def kept(self) -> KeptResults:
        """The sweeps that are done."""
        return self.parts[1].kept


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """Run both experiments, and a scene of units that fire, each into its own folder."""
    check_compiler(config.codegen)
    show, hold = config.parts
    for name in ("traces", "compare", "spikes"):
        (folder / name).mkdir()
    return {
        "spikes": save_scene(folder / "spikes", config.seed),
        "traces": saved(traces, show, folder / "traces", portion(progress, 0, 0.15)),
        "compare": saved(compare, hold, folder / "compare", portion(progress, 0.15, 1)),
    }


def draw(folder: Path) -> Path:
    """Draw all figures and the page from the saved files; returns the page."""
    result = read_json(folder / "result.json")
    traces.draw(folder / "traces")
    shown = within("traces", traces_page.sections(result["traces"]))
    held = within("compare", compare_page.sections(folder / "compare", result["compare"]))
    with style():
        draw_raster(folder / "spikes")
    fired = within("spikes", [raster_section()])
    title = "Three compartments, learning in continuous time"
    return write_page(folder, title, sentences(result), [*held[:1], *shown, *held[1:], *fired])


def sentences(result: Result) -> list[str]:
    """The result in words."""
    return [
        *compare_page.sentences(result["compare"]),
        *traces_page.sentences(result["traces"])[:1],
    ]


def within(folder: str, sections: Sequence[Section]) -> list[Section]:
    """The same sections, with figures that lie in a folder of that name."""
    return [
        replace(
            section,
            pictures=[replace(p, name=f"{folder}/{p.name}") for p in section.pictures],
        )
        for section in sections
    ]
