"""What ``tuft pause --plan NAME`` learns: all that is fixed before a test part is looked at.

Learning rates, targets and the scale of weights were selected on validation samples of a
microcircuit at rest, whose step takes a hundredth of the time. A record holds its plan's hash.
"""

from collections.abc import Mapping
from typing import Any

YIN_YANG = (
    "eta_W=(120.0, 0.32)",
    "eta_IP=0.64",
    "eta_PI=0.0",
    "tau_w=None",
    "bias=1.0",
    "theta_scale=2.0",
)
"""The bottom-up rate of the hidden area is high because two small lambdas stand before its error;
weights are small, so what comes from above is drawn large."""

MNIST = ("eta_W=(100.0, 0.3)", *YIN_YANG[1:])
"""Longer inputs need a lower rate."""

ONE_CURVE: Mapping[str, Any] = {"tau_0s": (3.0,), "pauses": (15, 0), "conditions": ("both",)}
"""With a pause, without, and without by the matched prediction."""

PAUSE_PLANS: dict[str, Mapping[str, Any]] = {
    "yin-yang-long": {**ONE_CURVE, "epochs": 16, "seeds": 10},
    "mnist": {
        **ONE_CURVE,
        "options": MNIST,
        "dataset": "mnist",
        "power": 50.0,
        "hidden": (100,),
        "targets": (-2.0, 4.0),
        "presentation_ms": 40.0,
        "epochs": 3,
        "batch": 100,
        "seeds": 2,
    },
    "yin-yang-3": {"tau_0s": (3.0,), "conditions": ("both",)},
    "yin-yang": {
        "conditions": (
            "both",
            "matched",
            "filtered",
            "both-random",
            "both-noise",
            "both-conductance",
            "pause-random",
            "pause-noise",
            "both-lateral",
            "low-pass",
        ),
    },
}
"""Options of the experiment, by the name of the plan; the others have their defaults."""
