"""What a data set is read with, from the command line."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rate_bridge.data import DATASETS
from rate_bridge.data.catalogue import options_of


@dataclass(frozen=True)
class DataOptions:
    """Options of data sets; each goes to those that take it, and one must."""

    file: Path | None = None
    """The file of the data sets `text` (UTF-8) and `series` (comma-separated, one header line)."""
    target: str | None = None
    """For `series`: the column that is predicted."""
    columns: tuple[str, ...] = ()
    """For `series`: the input columns; by default all others, but for a first column of dates."""
    window: int | None = None
    """Steps in a sequence, for text and time series; by default 32."""
    vectors: Path | None = None
    """For `mr` and `subj`: word vectors in GloVe's text format, in place of trained ones."""
    learned_vectors: bool = False
    """For `mr` and `subj`: the network learns the words' vectors, in place of trained ones."""
    length: int | None = None
    """For `mr` and `subj`: words a sentence is cut or padded to; by default 35."""

    def __post_init__(self) -> None:
        for name in ("window", "length"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"--{name} must be at least 1, got {value}.")
        for name in ("file", "vectors"):
            path = getattr(self, name)
            if path is not None and not path.is_file():
                raise ValueError(f"--{name} must be a file, and there is none at {path}.")
        if self.vectors is not None and self.learned_vectors:
            raise ValueError("--vectors are loaded or --learned-vectors, not both.")

    def given(self) -> dict[str, Any]:
        """The options that were given, paths in full."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {
            name: str(value.absolute()) if isinstance(value, Path) else value
            for name, value in values.items()
            if value not in (None, (), False)
        }

    def by_dataset(self, datasets: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What each of ``datasets`` is loaded with.

        Raises
        ------
        ValueError
            For an unknown data set, an option that none of them takes, or one that is missing.
        """
        given = self.given()
        taken = {dataset: options_of(dataset) for dataset in datasets}
        for name in given:
            if not any(name in options for options in taken.values()):
                able = [dataset for dataset in DATASETS if name in options_of(dataset)]
                raise ValueError(
                    f"--{name.replace('_', '-')} is an option of {', '.join(able)}; "
                    f"{', '.join(datasets)} has none."
                )
        for dataset, options in taken.items():
            missing = [
                f"--{name}" for name, needed in options.items() if needed and name not in given
            ]
            if missing:
                raise ValueError(f"The data set {dataset!r} needs {' and '.join(missing)}.")
        return {
            dataset: {name: given[name] for name in options if name in given}
            for dataset, options in taken.items()
        }
