"""``tuft seal``: accept files of results as they are, by putting their digests on them."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from compartments.sealed_files import add_seal
from experiments.lab.storage import EDITABLE, parsed, write_json

SEALED = (".json", ".npz", ".nc", ".pt")
"""Files that are read back only with their digest."""


@dataclass(frozen=True)
class Config:
    """Put a SHA-256 digest on results that were edited by hand, or come from an older version."""

    paths: tyro.conf.Positional[tuple[Path, ...]]
    """Files, or folders with all that is in them."""


def main(config: Config) -> None:
    """Seal them, and say how many.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        For a file that holds no JSON, or one that was damaged after it was written.
    """
    files = [file for path in config.paths for file in _files(path)]
    for file in files:
        if file.suffix == ".json":
            value = parsed(file, file.read_bytes())
            value.pop("sha256", None)
            write_json(file, value)
        else:
            add_seal(file)
    print(f"{len(files)} files carry their digests.")


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}.")
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in inside if file.suffix in SEALED and file.name != EDITABLE]
