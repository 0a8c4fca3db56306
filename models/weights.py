"""Weights as frozen, named arrays: the currency between the engines."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from compartments.arrays import load_arrays, save_arrays
from compartments.checks import check_kind, finite_array
from compartments.representation import html_table


class WeightBundle(Mapping[str, np.ndarray]):
    """Named weight matrices, (n_above, n_below) each, that cannot be changed.

    Layered networks name them ``W0..W{L-1}`` (forward), ``theta1..theta{L-1}`` (feedback) and,
    with plastic biases, ``b0..b{L-1}`` of shape (n_above, 1).

    Parameters
    ----------
    arrays : mapping of str to array of float
        Copied, and kept in float64.

    Raises
    ------
    ValueError
        If an array is not a matrix of real numbers without a unit, or a value is not finite.
    TypeError
        If it is no mapping, or a name no text.
    """

    def __init__(self, arrays: Mapping[str, Float[np.ndarray, "_ _"]]) -> None:
        check_kind("Weights", "arrays", arrays, Mapping, "{'W0': ...}")
        frozen = {}
        for name, value in arrays.items():
            check_kind("Weights", f"name {name!r}", name, str, "the name of a weight matrix")
            array = finite_array("Weights", f"arrays[{name!r}]", value, ("n_above", "n_below"))
            array.setflags(write=False)
            frozen[name] = array
        self._arrays = frozen

    def __getitem__(self, name: str) -> Float[np.ndarray, "n_above n_below"]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        inside = ", ".join(f"{name} {array.shape}" for name, array in self.items())
        return f"WeightBundle({inside}; {self.hash[:12]})"

    def _repr_html_(self) -> str:
        rows = [
            (n, f"{a.shape[0]} x {a.shape[1]}", *(f"{v:.3g}" for v in (a.min(), a.mean(), a.max())))
            for n, a in self.items()
        ]
        header = ("name", "above x below", "least", "mean", "largest")
        return html_table(f"Weights {self.hash[:12]}", header, rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WeightBundle) and self.hash == other.hash

    def __hash__(self) -> int:
        return int(self.hash[:15], 16)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every array."""
        return {name: array.shape for name, array in self.items()}

    @property
    def hash(self) -> str:
        """SHA-256 over names, shapes and values."""
        digest = hashlib.sha256()
        for name in sorted(self):
            digest.update(f"{name}{self[name].shape}".encode())
            digest.update(self[name].tobytes())
        return digest.hexdigest()

    def with_arrays(self, **arrays: Float[np.ndarray, "_ _"]) -> "WeightBundle":
        """A bundle in which some arrays are others."""
        return WeightBundle({**self._arrays, **arrays})

    def save(self, path: Path | str) -> Path:
        """Write an ``.npz`` file with its digest, whole or not at all; returns its path."""
        check_kind("Weights", "path", path, (str, Path), "the path of an .npz file")
        return save_arrays(path, self._arrays)

    @classmethod
    def load(cls, path: Path | str) -> "WeightBundle":
        """Read what :meth:`save` wrote. Of arrays from elsewhere, make a bundle and save that.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a file of weight matrices, or is damaged.
        """
        check_kind("Weights", "path", path, (str, Path), "the path of an .npz file")
        if "\0" in str(path):
            raise ValueError(f"Weights: path {str(path)!r} is no path.")
        try:
            arrays = load_arrays(path, "Delete it and make it again.")
        except FileNotFoundError:
            raise FileNotFoundError(f"No weights file at {path}.") from None
        except OSError as error:
            raise OSError(f"Weights: path {path} cannot be read: {error.strerror}.") from error
        try:
            return cls(arrays)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def check_fits(self, expected: Mapping[str, tuple[int, ...]], where: str) -> None:
        """Refuse a bundle whose names or shapes are not those of a network.

        Raises
        ------
        ValueError
            Listing every difference.
        """
        wrong = [f"{name} is missing" for name in expected if name not in self]
        wrong += [f"{name} is not part of the network" for name in self if name not in expected]
        wrong += [
            f"{name} has shape {self[name].shape}, expected {shape}"
            for name, shape in expected.items()
            if name in self and self[name].shape != tuple(shape)
        ]
        if wrong:
            raise ValueError(
                f"{where}: these weights belong to another network: {'; '.join(wrong)}."
            )


def check_bundle(where: str, weights: object) -> None:
    """Refuse weights that are no :class:`WeightBundle`.

    Raises
    ------
    TypeError
        With what came, and how to mend it.
    """
    check_kind(where, "weights", weights, WeightBundle, "WeightBundle({'W0': ...})")
