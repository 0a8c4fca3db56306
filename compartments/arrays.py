"""Named arrays in one file: ``.npz``, with its digest."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compartments.sealed_files import opened_sealed, written_sealed


def save_arrays(path: Path | str, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write an ``.npz`` file, whole or not at all; returns its path.

    The same arrays give the same bytes, and any name is allowed: ``numpy.savez`` takes names as
    keywords, where ``file`` and ``allow_pickle`` mean something else.
    """
    path = Path(path)
    with written_sealed(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, not now
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return path


def load_arrays(path: Path | str, mend: str) -> dict[str, np.ndarray]:
    """What :func:`save_arrays` wrote; ``numpy.load`` reads it too, without checking the digest.

    Parameters
    ----------
    path : path
    mend : str
        What to do about a damaged file, for the message.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, or no file of arrays.
    """
    with opened_sealed(path, mend) as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except Exception as error:  # zip, zlib and numpy each have their own
            raise ValueError(f"{path} is no file of arrays (.npz): {error} {mend}") from error
