"""What the layers and the functions over models refuse where they are called."""

import math
from collections.abc import Mapping

import torch
from torch import nn

from compartments.checks import check_kind
from compartments.domains import Count, check_value
from compartments.sizes import check_size


def check_layer(
    where: str,
    widths: Mapping[str, int],
    bias: object,
    *,
    on: object = None,
    feedback: object = True,
) -> None:
    """Refuse a layer that cannot be.

    Parameters
    ----------
    where : str
        The layer's class.
    widths : mapping of str to int
        Its sizes by name; its weights are as many as their product.
    bias, feedback : bool
        Flags of the layer.
    on : str or torch.device, optional
        Where its weights are.

    Raises
    ------
    ValueError
        For a size that is no whole number of 1 or more, a flag that is neither True nor False.
    MemoryError
        If W and Theta would not fit into memory; on ``"meta"`` they take no room.
    """
    for name, width in widths.items():
        check_value(where, name, width, Count)
    check_value(where, "bias", bias, bool)
    check_value(where, "feedback", feedback, bool)
    if str(on) != "meta":
        check_size(where, " or ".join(widths), needed_bytes=8.0 * math.prod(widths.values()))


def kernel_length(where: str, kernel_size: int | tuple[int, ...], axes: int) -> int:
    """How many places a kernel has that is a whole number, or a tuple of one for each axis.

    Raises
    ------
    ValueError
        For any other.
    """
    check_value(where, "kernel_size", kernel_size, Count | tuple[Count, ...])
    sizes = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * axes
    if len(sizes) != axes:
        raise ValueError(f"{where}: kernel_size must have {axes} numbers, got {kernel_size}.")
    return math.prod(sizes)


def check_generator(where: str, generator: object) -> None:
    """Refuse what is neither a generator nor None.

    Raises
    ------
    TypeError
        With what came.
    """
    if generator is not None:
        write = "torch.Generator().manual_seed(0), or None"
        check_kind(where, "generator", generator, torch.Generator, write)


def check_model(where: str, model: object) -> None:
    """Refuse what is no model.

    Raises
    ------
    TypeError
        With what came.
    """
    check_kind(where, "model", model, nn.Module, "nn.Sequential(...), for example")
