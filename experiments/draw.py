"""``tuft draw``: the figures and the page of a finished run, anew from its saved numbers."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import tyro

from compartments.lookup import look_up
from experiments.lab.storage import read_json
from experiments.registry import EXPERIMENTS


@dataclass(frozen=True)
class Config:
    """Draw the figures and the page of a finished run anew; its numbers stay as they are."""

    folder: tyro.conf.Positional[Path]
    """Results folder, such as runs/traces."""


def main(config: Config) -> None:
    """Draw what the folder's experiment draws, and say where it is.

    Raises
    ------
    ValueError
        For a folder without an experiment, from a version that saved other numbers, or with
        numbers that cannot be drawn.
    """
    experiment = made_by(config.folder)
    try:
        experiment.draw(config.folder)
    except KeyError as error:
        raise ValueError(
            f"The numbers in {config.folder} lack {error}; this version draws it. Run the "
            "experiment again."
        ) from error
    except (TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f"The numbers in {config.folder} are not what this version draws "
            f"({type(error).__name__}: {error}). Run the experiment again."
        ) from error
    print(config.folder)


def made_by(folder: Path) -> ModuleType:
    """The module of the experiment that wrote a results folder.

    Raises
    ------
    ValueError
        If the folder does not say which one it is, or that one draws nothing.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ValueError(f"{folder} is no results folder: there is no config.json in it.")
    saved = read_json(path)
    name = saved.get("experiment")
    if name is None:
        raise ValueError(
            f"{path} does not say which experiment it belongs to; results of older versions do "
            'not. Add the line "experiment": "NAME" to it, such as "traces" or "compare".'
        )
    module = importlib.import_module(look_up("experiment", name, EXPERIMENTS).module)
    if not hasattr(module, "draw"):
        raise ValueError(f"tuft {name} draws no figures; its numbers are in {folder}.")
    return module
