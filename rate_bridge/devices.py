"""Where tensors can live, as what, and in how many threads they are computed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from compartments.domains import shown

PLACES = ("cpu", "cuda", "mps", "xpu")
"""Kinds of devices that compute; torch also names some that do not, such as meta."""

DTYPES = (torch.float64, torch.float32)


def available_device(device: str | torch.device) -> torch.device:
    """The device, if it is there.

    Raises
    ------
    ValueError
        For what names no device that computes, or if it is asked for and absent.
    """
    try:
        place = torch.device(device)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"Unknown device {shown(device)}: use 'cpu', or 'cuda' for a GPU."
        ) from error
    if isinstance(device, bool | int) or place.type not in PLACES:
        raise ValueError(f"Unknown device {shown(device)}: use 'cpu', or 'cuda' for a GPU.")
    if place.type != "cpu" and not _is_there(place):
        name = "CUDA device" if place.type == "cuda" else f"device {str(place)!r}"
        raise ValueError(
            f"device {str(device)!r} was asked for, but torch finds no {name}; use device='cpu'."
        )
    return place


def _is_there(place: torch.device) -> bool:
    kind = getattr(torch, place.type)
    return kind.is_available() and (place.index or 0) < kind.device_count()


def real_dtype(where: str, dtype: object) -> torch.dtype:
    """The type, if it is float64 or float32.

    Raises
    ------
    ValueError
        For any other, with what came.
    """
    if not isinstance(dtype, torch.dtype) or dtype not in DTYPES:
        raise ValueError(
            f"{where}: dtype must be torch.float64 or torch.float32, got {shown(dtype)}."
        )
    return dtype


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the block torch computes in one thread: for small tensors more only wait."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
