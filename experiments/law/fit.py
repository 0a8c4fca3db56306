"""The law of ``tuft law``: its terms, and its factors fitted to measured errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import nnls

from experiments.lab.continuous_learning import TAU_MS
from experiments.lab.remedies import remedy
from experiments.lab.runner import Result
from models.theory import update_error_terms

FACTORS = ("c1", "c2", "c3")


def terms(row: dict[str, Any]) -> np.ndarray:
    """The law's three terms for every switch of a row, (switch, 3)."""
    return update_error_terms(
        np.array(row["contrasts"]),
        np.array(row["powers"]),
        presentation=row["ratio"],
        dt=row["dt_ms"] / TAU_MS,
        eta=row["eta"],
    )


def fitted(rows: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """The factors (not negative) by least squares of relative residuals; slopes of the medians."""
    members = [row for row in rows if row["remedy"] == name]
    design = np.concatenate([terms(row) for row in members])
    errors = np.concatenate([row["errors"] for row in members])
    factors, _ = nnls(design / errors[:, None], np.ones_like(errors))
    explained = design @ factors
    residual = np.log(errors) - np.log(np.maximum(explained, 1e-300))
    return {
        "remedy": name,
        "changes": members[0]["changes"],
        **dict(zip(FACTORS, factors, strict=True)),
        "median_factor_off": float(np.exp(np.median(np.abs(residual)))),
        "slope_T": {state: _slope(members, state) for state in ("initial", "learned")},
        "mean_error_40": {
            row["state"]: row["mean_error"]
            for row in members
            if (row["ratio"], row["dt_ms"], row["eta"]) == (40, 1, smallest_rate(members))
        },
    }


def _slope(members: Sequence[dict[str, Any]], state: str) -> float:
    """Slope of log median error over log T, at the smallest eta and the middle dt."""
    eta = smallest_rate(members)
    chosen = [r for r in members if (r["state"], r["eta"], r["dt_ms"]) == (state, eta, 1.0)]
    ratios = {row["ratio"]: np.median(row["errors"]) for row in chosen}
    return float(np.polyfit(np.log(list(ratios)), np.log(list(ratios.values())), 1)[0])


def smallest_rate(rows: Sequence[dict[str, Any]]) -> float:
    """The smallest learning rate that was measured."""
    return min(row["eta"] for row in rows)


def sentences(result: Result) -> list[str]:
    """The fitted law of every remedy in words."""
    return [
        f"{remedy(fit['remedy']).label}: err = {fit['c1']:.2f} (tau/T)|{fit['changes']}|/|xi| + "
        f"{fit['c2']:.2f} dt/T + {fit['c3']:.2f} eta |u|^2, off by a factor "
        f"{fit['median_factor_off']:.2f} in the median; slope in T "
        f"{fit['slope_T']['initial']:.2f} (initial weights), {fit['slope_T']['learned']:.2f} "
        f"(learned). Error of the mean update at 40 tau: {_listed(fit['mean_error_40'])}."
        for fit in result["fits"]
    ]


def _listed(errors: Mapping[str, float]) -> str:
    return ", ".join(f"{value:.3f} ({state})" for state, value in errors.items()) or "not measured"
