"""The law of ``tuft law``: its terms, and its factors fitted to measured errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.optimize import nnls

from experiments.lab.continuous_learning import TAU_MS
from experiments.lab.labelled import chosen, each, labelled
from experiments.lab.remedies import remedy
from experiments.lab.runner import Result
from models.theory import update_error_terms

FACTORS = ("c1", "c2", "c3")

STATES = ("initial", "learned")
"""Of the weights."""


def labelled_points(rows: Sequence[Mapping[str, Any]]) -> xr.Dataset:
    """The measured points by remedy, state of the weights, T, dt and eta; errors by switch."""
    by_switch = dict.fromkeys(("errors", "contrasts", "powers"), ("switch",))
    return labelled(rows, ("remedy", "state", "ratio", "dt_ms", "eta"), **by_switch)


def terms(points: xr.Dataset) -> Float[np.ndarray, "error 3"]:
    """The law's three terms for every switch of every point, in the order of their errors."""
    ratio, dt_ms, eta = (points[name].values[:, None] for name in ("ratio", "dt_ms", "eta"))
    found = update_error_terms(
        points.contrasts.values,
        points.powers.values,
        presentation=ratio,
        dt=dt_ms / TAU_MS,
        eta=eta,
    )
    return found.reshape(-1, len(FACTORS))


def fitted(points: xr.Dataset, name: str) -> dict[str, Any]:
    """The factors (not negative) by least squares of relative residuals; slopes of the medians."""
    members = chosen(points, remedy=name)
    design, errors = terms(members), members.errors.values.ravel()
    factors, _ = nnls(design / errors[:, None], np.ones_like(errors))
    explained = design @ factors
    at_40 = plain_points(members, ratio=40)
    residual = np.log(errors) - np.log(np.maximum(explained, 1e-300))
    return {
        "remedy": name,
        "changes": members.changes.values[0],
        **dict(zip(FACTORS, factors, strict=True)),
        "median_factor_off": float(np.exp(np.median(np.abs(residual)))),
        "slope_T": {state: _slope(members, state) for state in STATES},
        "mean_error_40": {
            state: float(error)
            for state, error in zip(at_40.state.values, at_40.mean_error, strict=True)
        },
    }


def plain_points(points: xr.Dataset, **wanted: object) -> xr.Dataset:
    """Those with these labels, at the smallest eta and the middle dt."""
    return chosen(points, eta=points.eta.values.min(), dt_ms=1, **wanted)


def _slope(members: xr.Dataset, state: str) -> float:
    """Slope of log median error over log T."""
    line = plain_points(members, state=state)
    return float(np.polyfit(np.log(line.ratio), np.log(line.errors.median("switch")), 1)[0])


def labelled_fits(result: Result) -> xr.Dataset:
    """The fitted law by remedy; slopes and the error of the mean update by state of the weights."""
    of_state = dict.fromkeys(("slope_T", "mean_error_40"), ("weights",))
    return labelled(result["fits"], ("remedy",), **of_state)


def factors(fits: xr.Dataset) -> Float[np.ndarray, "remedy 3"]:
    """c1, c2 and c3 of every remedy."""
    return np.stack([fits[name].values for name in FACTORS], axis=-1)


def sentences(result: Result) -> list[str]:
    """The fitted law of every remedy in words."""
    return [
        f"{remedy(fit.remedy.item()).label}: err = {fit.c1:.2f} (tau/T)|{fit.changes.item()}|/|xi| "
        f"+ {fit.c2:.2f} dt/T + {fit.c3:.2f} eta |u|^2, off by a factor "
        f"{fit.median_factor_off:.2f} in the median; slope in T "
        f"{fit.slope_T.sel(weights='initial'):.2f} (initial weights), "
        f"{fit.slope_T.sel(weights='learned'):.2f} "
        f"(learned). Error of the mean update at 40 tau: {_listed(fit.mean_error_40)}."
        for fit in each(labelled_fits(result))
    ]


def _listed(errors: xr.DataArray) -> str:
    found = [f"{error:.3f} ({error.weights.item()})" for error in errors if error.notnull()]
    return ", ".join(found) or "not measured"
