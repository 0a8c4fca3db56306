"""How far continuous learning is from the reference's: pure numerics, no files, no figures."""

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float

from models import Network, Schedule, WeightBundle
from rate_bridge.references.reference import constant_signals
from rate_bridge.references.registry import reference

History = xr.Dataset | Mapping[str, np.ndarray]
"""Weights at several moments, (moment, n_above, n_below) each, by name."""


def discrete_steps(
    network: Network, weights: History, schedule: Schedule
) -> dict[str, Float[np.ndarray, "presentation _n_above _n_below"]]:
    """The reference's step for every presentation, each taken from its own weights.

    Parameters
    ----------
    network : Network
        The description.
    weights : xarray.Dataset or mapping of str to array, (presentation, n_above, n_below)
        The weights with which each presentation began, as :class:`models.Run` keeps them.
    schedule : Schedule
        What was presented.
    """
    history = {str(name): np.asarray(array) for name, array in weights.items()}
    return reference(network).steps(constant_signals(schedule), history)


def agreement(
    continuous: Mapping[str, Float[np.ndarray, "presentation _n_above _n_below"]],
    discrete: Mapping[str, Float[np.ndarray, "presentation _n_above _n_below"]],
) -> dict[str, dict[str, Float[np.ndarray, "presentation"]]]:
    """For every weight matrix that the reference moves, cosine and relative error of each update.

    ``cosine`` of the angle between the two updates; ``relative_error`` is the length of their
    difference over the length of the discrete one. NaN where the discrete update is zero.
    """
    found = {}
    for name, goal in discrete.items():
        ours, theirs = _rows(continuous[name]), _rows(goal)
        norm, size = np.linalg.norm(theirs, axis=1), np.linalg.norm(ours, axis=1)
        norm = np.where(norm > 0, norm, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = (ours * theirs).sum(1) / (norm * size)
            error = np.linalg.norm(ours - theirs, axis=1) / norm
        if np.isfinite(norm).any():
            found[name] = {"cosine": cosine, "relative_error": error}
    return found


def pooled_error(
    continuous: Mapping[str, Float[np.ndarray, "*presentation _n_above _n_below"]],
    discrete: Mapping[str, Float[np.ndarray, "*presentation _n_above _n_below"]],
) -> dict[str, float]:
    """Root mean square of the difference over that of the discrete update, per weight matrix.

    Of a single update (n_above, n_below) it is the relative error in the Frobenius norm.
    """
    return {
        name: float(np.linalg.norm(continuous[name] - goal) / np.linalg.norm(goal))
        for name, goal in discrete.items()
        if np.linalg.norm(goal) > 0
    }


def _rows(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)


def differences(history: History, final: WeightBundle) -> dict[str, np.ndarray]:
    """The change of every weight over each presentation, from weights at its beginning."""
    return {
        str(name): np.diff(np.concatenate([array, final[str(name)][None]]), axis=0)
        for name, array in history.items()
    }


def weight_distance(
    continuous: Mapping[str, np.ndarray],
    discrete: Mapping[str, np.ndarray],
    initial: Mapping[str, np.ndarray],
) -> dict[str, float]:
    """``|W_continuous - W_discrete| / |W_discrete - W_initial|``, per weight matrix that moved."""
    found = {}
    for name, start in initial.items():
        moved = np.linalg.norm(discrete[name] - start)
        if moved > 0:
            found[name] = float(np.linalg.norm(continuous[name] - discrete[name]) / moved)
    return found


def outputs(
    network: Network, weights: WeightBundle
) -> Callable[[np.ndarray], Float[np.ndarray, "sample n_out"]]:
    """The equilibrium outputs of a network with the given weights, as a function of inputs."""
    at_rest = reference(network)
    return lambda inputs: at_rest.outputs({"stimulus": inputs}, weights)


def log_slope(x: Float[np.ndarray, "point"], y: Float[np.ndarray, "point"]) -> float:
    """Slope of log y against log x by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
