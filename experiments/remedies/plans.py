"""What ``tuft remedies --plan NAME`` learns: grids that are fixed before a test part is looked at.

A record holds its plan's hash. A plan that changes after its records needs new records.
"""

from collections.abc import Mapping
from typing import Any

MAIN = ("none", "lag", "both", "both-lag", "eligibility")
"""Remedies that are compared at every presentation time."""

FEW = ("none", "lag", "both", "eligibility")
"""Those of deeper and wider networks."""

IMAGES: Mapping[str, Any] = {
    "hidden": (256,),
    "power": 784.0,
    "remedies": FEW,
    "etas": (0.003, 0.01, 0.03),
    "seeds": 3,
    "search_seeds": 1,
    "epochs": 4,
    "search_epochs": 1,
    "batch": 128,
    "dt_ms": 5.0,
}

REMEDY_PLANS: dict[str, Mapping[str, Any]] = {
    "digits": {"remedies": MAIN, "ratios": (2, 5, 3, 10)},
    "depth": {"remedies": FEW, "ratios": (5,), "depths": (4, 3, 1, 2)},
    "depth-fine": {"remedies": FEW, "ratios": (5,), "depths": (3, 4), "steps": 50},
    "fashion": {**IMAGES, "dataset": "fashion-mnist", "ratios": (5, 10)},
    "mnist": {**IMAGES, "dataset": "mnist", "ratios": (5, 10)},
    "mnist-40": {**IMAGES, "dataset": "mnist", "ratios": (40,)},
    "alone": {"remedies": ("matched", "filtered", "low-pass", "look-ahead"), "ratios": (2, 5)},
    "variants": {
        "remedies": (
            "eligibility-gain",
            "eligibility-mean",
            "eligibility-gain-mean",
            "eligibility-uncorrected",
            "eligibility-alone",
            "eligibility-matched",
            "eligibility-filtered",
            "eligibility-fixed-theta",
        ),
        "ratios": (2, 5),
    },
}
"""Options of the experiment, by the name of the plan; the others have their defaults."""
