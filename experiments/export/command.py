"""``tuft export``: what a run has recorded, in a format that other tools read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from compartments.domains import check_fields
from experiments.export.csv_tables import write_csv
from experiments.export.neo_objects import write_neo
from experiments.export.nwb import write_nwb
from experiments.export.recorded import RunRecording, recorded

FORMATS: dict[str, tuple[str, Callable[[RunRecording, Path], None]]] = {
    "nwb": ("traces.nwb", write_nwb),
    "neo": ("traces.neo.pkl", write_neo),
    "csv": ("csv", write_csv),
}
"""Each with the name of what it writes."""


@dataclass(frozen=True)
class Config:
    """Write the traces, presentations and events of a finished run for other tools."""

    folder: tyro.conf.Positional[Path]
    """Results folder, such as runs/traces."""
    format: Literal["nwb", "neo", "csv"] = "nwb"
    """NWB and neo need `pip install 'apical-tuft[export]'`."""
    to: Path | None = None
    """File or, for csv, folder to write; in the results folder unless told otherwise."""

    def __post_init__(self) -> None:
        check_fields(self)


def main(config: Config) -> None:
    """Write it, and say where it is and what is not in it.

    Raises
    ------
    ValueError
        For a folder without traces.
    RuntimeError
        Where a library is not installed.
    FileExistsError
        Rather than write over something.
    """
    name, write = FORMATS[config.format]
    path = config.folder / name if config.to is None else config.to
    run = recorded(config.folder)
    if path.exists():
        raise FileExistsError(f"{path} exists; name another file with --to.")
    write(run, path)
    if run.left_out:
        print(f"Not exported, for they are no recorded traces: {', '.join(run.left_out)}.")
    print(path)
