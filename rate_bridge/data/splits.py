"""How a data set is cut into parts: fixed by numbers that stand in the result."""

import hashlib
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

SPLIT_SEED = 20_250


def held_out(
    where: str, n: int, n_held_out: int
) -> tuple[Int64[Tensor, " kept"], Int64[Tensor, " held"], dict[str, Any]]:
    """Positions that stay and positions that are held out, and the record of the cut.

    The cut is a permutation with a fixed seed: the same for every run and every seed of a run.
    The record's hash is of the held-out positions as little-endian int64.

    Raises
    ------
    ValueError
        If nothing would be left, or nothing held out.
    """
    if not 0 < n_held_out < n:
        raise ValueError(
            f"{where}: cannot hold out {n_held_out} of {n} samples; give a number between "
            f"1 and {n - 1}."
        )
    order = np.random.default_rng(SPLIT_SEED).permutation(n)
    held = np.sort(order[:n_held_out]).astype("<i8")
    kept = np.sort(order[n_held_out:]).astype("<i8")
    record = {
        "how": "fixed random permutation",
        "seed": SPLIT_SEED,
        "held_out": n_held_out,
        "of": n,
        "positions": f"sha256:{hashlib.sha256(held.tobytes()).hexdigest()}",
    }
    return torch.from_numpy(kept), torch.from_numpy(held), record


def time_bounds(n: int, train: int = 70, validation: int = 10) -> tuple[int, int]:
    """Ends of the training and of the validation part of ``n`` steps in time; the rest is test.

    Both shares are in per cent: a share that is no binary fraction, times ``n``, may fall short of
    a whole number, and its part then loses a step.
    """
    return n * train // 100, n * (train + validation) // 100


def windows(
    where: str, series: Shaped[Tensor, "time width"], length: int, stride: int = 1
) -> Shaped[Tensor, "window length width"]:
    """Windows of ``length`` steps, a view of ``series``.

    Raises
    ------
    ValueError
        If the series is shorter than one window.
    """
    if length < 1 or length > len(series):
        shorter = f"Choose a window between 1 and {len(series)}, or give" if len(series) else "Give"
        raise ValueError(
            f"{where}: a window of {length} steps does not fit into {len(series)} steps. "
            f"{shorter} more data."
        )
    return series.unfold(0, length, stride).transpose(1, 2)
