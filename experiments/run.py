"""``tuft run``: any experiment again, from the configuration that it wrote beside its numbers."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import tyro

from compartments.lookup import look_up
from experiments.lab.read_back import read_back
from experiments.lab.runner import call
from experiments.lab.storage import parsed
from experiments.registry import EXPERIMENTS


@dataclass(frozen=True)
class Config:
    """Repeat a run from its config.json; the earlier result stays, the new one is numbered."""

    file: tyro.conf.Positional[Path]
    """The configuration, such as runs/traces/config.json."""
    out: Path | None = None
    """Folder for results, instead of the configuration's own."""


def main(config: Config) -> None:
    """Read the configuration back, and run its experiment."""
    if config.file.is_dir():
        raise IsADirectoryError(
            f"{config.file} is a folder; name a file in it, such as {config.file / 'config.json'}."
        )
    if not config.file.is_file():
        raise FileNotFoundError(f"There is no file {config.file}.")
    saved = parsed(config.file, config.file.read_bytes())  # edited as people like
    name = saved.get("experiment")
    if not isinstance(name, str):
        raise ValueError(
            f'{config.file} is no configuration of an experiment: it has no "experiment": name.'
        )
    if name == "run":
        raise ValueError(f"{config.file} asks for 'run', which repeats experiments, not itself.")
    module = importlib.import_module(look_up("experiment", name, EXPERIMENTS).module)
    fields = {key: value for key, value in saved.items() if key != "experiment"}
    if config.out is not None:
        fields["out"] = str(config.out)
    call(module, read_back(module.Config, fields, str(config.file)))
