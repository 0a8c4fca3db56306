"""``tuft demo``: the story in one command: traces, learning, comparison, page."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from compartments.checks import check_name
from compartments.domains import Count, Seed
from experiments.compare import experiment as compare
from experiments.compare import page as compare_page
from experiments.lab.kept_results import Cells
from experiments.lab.options import Workers, check_options
from experiments.lab.progress import Report, bar
from experiments.lab.storage import RunFolder, read_json, versions, write_json
from experiments.report.page import Section, write_page
from experiments.traces import experiment as traces
from experiments.traces import page as traces_page
from models.brian_engine import STEP_SECONDS
from models.standalone import check_compiler


@dataclass(frozen=True)
class Config:
    """Three-compartment neurons relax and learn digits in Brian2, beside Algorithm 1."""

    presentations: Count = 1437
    """Digits presented, one after another; 400 ms each."""
    sweep_presentations: Count = 6
    """Samples in the cycle that is shown for each point of the sweeps."""
    codegen: str = "cpp_standalone"
    """Brian2's code generation: cpp_standalone (needs a C++ compiler), cython or numpy."""
    jobs: Workers = 1
    """Processes for the sweeps; each takes longer to start than these few sweeps."""
    seed: Seed = 0
    """For initial weights and the order of the samples."""
    out: Path = Path("runs")
    """Folder for results."""
    name: str = "demo"
    """Name of this result; an older one of that name is kept and this one numbered."""

    def __post_init__(self) -> None:
        check_options(self)
        check_name("", "--codegen", self.codegen, STEP_SECONDS)


def parts(config: Config) -> tuple[traces.Config, compare.Config]:
    """The configurations of the two experiments that the demo consists of."""
    return (
        traces.Config(seed=config.seed),
        compare.Config(
            presentations=config.presentations,
            sweep_presentations=config.sweep_presentations,
            codegen=config.codegen,
            quick=True,
            jobs=config.jobs,
            seed=config.seed,
            out=config.out,
            name=config.name,
        ),
    )


def measure(config: Config, folder: Path, cells: Cells, progress: Report) -> dict[str, Any]:
    """Run both experiments, each into its own folder; returns what ``result.json`` holds."""
    begun = time.perf_counter()
    show, hold = parts(config)
    for name in ("traces", "compare"):
        (folder / name).mkdir()
    write_json(folder / "config.json", config)
    traces.measure(show, folder / "traces", lambda done: progress(0.15 * done))
    compare.measure(hold, folder / "compare", cells, lambda done: progress(0.15 + 0.85 * done))
    result = {name: read_json(folder / name / "result.json") for name in ("traces", "compare")}
    result |= {"seconds": {"all": time.perf_counter() - begun}, "versions": versions()}
    write_json(folder / "result.json", result)
    return result


def draw(folder: Path) -> list[str]:
    """Draw all figures and the page from the saved files; returns the result in sentences."""
    result = read_json(folder / "result.json")
    traces.draw(folder / "traces")
    shown = within("traces", traces_page.sections(result["traces"]))
    held = within("compare", compare_page.sections(folder / "compare", result["compare"]))
    lead = [
        *compare_page.summary(result["compare"]),
        *traces_page.sentences(result["traces"])[:1],
    ]
    title = "Three compartments, learning in continuous time"
    write_page(folder, title, lead, [*held[:1], *shown, *held[1:]])
    return lead


def within(folder: str, sections: Sequence[Section]) -> list[Section]:
    """The same sections, with figures that lie in a folder of that name."""
    return [
        replace(
            section,
            pictures=[replace(p, name=f"{folder}/{p.name}") for p in section.pictures],
        )
        for section in sections
    ]


def main(config: Config) -> None:
    """Measure, draw, and print the result and where its page is."""
    _, hold = parts(config)  # refuses what is wrong before a folder is made
    check_compiler(config.codegen)
    cells = compare.kept_sweeps(hold)
    with RunFolder(config.out, config.name) as run:
        with bar("demo") as progress:
            measure(config, run.path, cells, progress)
        run.keep()
        lead = draw(run.path)
    cells.forget()
    print("\n".join(lead))
    print(run.path / "index.html")
