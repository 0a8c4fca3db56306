"""Checkpoints: written whole or not at all, refused where they do not fit."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from compartments.sealed_files import opened_sealed, written_sealed

FORMAT = 2
"""Raised with each change of the code that makes older checkpoints continue differently."""

Content = dict[str, Any]


def code_version() -> str:
    """Version of the package and of the checkpoint format."""
    try:
        package = version("apical-tuft")
    except PackageNotFoundError:
        package = "not installed"
    return f"{package} (checkpoint format {FORMAT})"


def description(model: nn.Module) -> list[list[Any]]:
    """Name, shape and type of each of the model's tensors."""
    return [
        [name, list(tensor.shape), str(tensor.dtype)] for name, tensor in model.state_dict().items()
    ]


def save(path: Path, model: nn.Module, run: Content, world_size: int, state: Content) -> None:
    """Write a checkpoint with its digest under a temporary name, then rename it.

    Parameters
    ----------
    path : pathlib.Path
    model : torch.nn.Module
    run : dict of plain values
        What defines the run; a checkpoint continues only the same run.
    world_size : int
        Number of processes.
    state : dict of tensors and plain values
        What the run needs to go on.
    """
    whole = {
        "version": code_version(),
        "description": description(model),
        "run": run,
        "world_size": world_size,
        "state": state,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_sealed(path) as file:
        torch.save(whole, file)


def load(path: Path, model: nn.Module, run: Content, world_size: int) -> Content:
    """The state in a checkpoint of the same model, run, code and number of processes.

    Raises
    ------
    ValueError
        If the file is damaged, or belongs to another model, run, version or world; says which
        and what to do.
    """
    again = f"Delete {path} to start anew"
    found = _content(path, f"{again}.")
    if found["version"] != code_version():
        raise ValueError(
            f"Checkpoint {path} was written by version {found['version']}, this is "
            f"{code_version()}. {again}, or continue it with that version."
        )
    _compare_models(path, found["description"], description(model), again)
    changed = [
        f"{key} was {found['run'].get(key)!r}, is {run.get(key)!r}"
        for key in sorted({*found["run"], *run})
        if found["run"].get(key) != run.get(key)
    ]
    if changed:
        raise ValueError(
            f"Checkpoint {path} is of another run: {'; '.join(changed)}. {again}, or give the "
            f"options that it was written with."
        )
    if found["world_size"] != world_size:
        raise ValueError(
            f"Checkpoint {path} was written by {found['world_size']} processes, here are "
            f"{world_size}. {again}, or start with "
            f"`torchrun --nproc-per-node {found['world_size']}`."
        )
    state: Content = found["state"]
    return state


_PARTS = {"version": str, "description": list, "run": dict, "world_size": int, "state": dict}


def _content(path: Path, mend: str) -> Content:
    with opened_sealed(path, mend) as file:
        try:
            found = torch.load(file, weights_only=True, map_location="cpu")
        except Exception as error:  # zip and pickle each have their own
            raise ValueError(
                f"Checkpoint {path} cannot be read ({type(error).__name__}). {mend}"
            ) from error
    for name, kind in _PARTS.items():
        if not isinstance(found, dict) or not isinstance(found.get(name), kind):
            raise ValueError(f"{path} is no checkpoint: it holds no {name!r}. {mend}")
    return found


def _compare_models(path: Path, saved: list[Any], current: list[Any], again: str) -> None:
    for old, new in zip(saved, current, strict=False):
        if list(old) != list(new):
            raise ValueError(
                f"Checkpoint {path} is of another model: it has {old[0]} {tuple(old[1])} "
                f"{old[2]} where this one has {new[0]} {tuple(new[1])} {new[2]}. {again}, or "
                f"build the model that it was written with."
            )
    if len(saved) != len(current):
        raise ValueError(
            f"Checkpoint {path} is of another model: it has {len(saved)} tensors, this one "
            f"{len(current)}. {again}, or build the model that it was written with."
        )
