"""G8: whether updates come to point where backpropagation's do; measured while it learns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.audit.audit_test import LearnedTest, TestOutcome
from rate_bridge.audit.evidence import verdict_of

ORTHOGONAL = 90.0


def measure(costs: Mapping[str, Any]) -> TestOutcome:
    """Angles at the end of learning, mean over networks; the largest of all layers judges."""
    if not costs["angle"]:
        return TestOutcome("not applicable", "It has no counterpart that backpropagates.")
    last = {layer: float(np.mean(curves, 0)[-1]) for layer, curves in costs["angle"].items()}
    tied = {layer: float(np.mean(curves, 0)[-1]) for layer, curves in costs["alignment"].items()}
    numbers = {f"degrees to backpropagation, {name}": v for name, v in last.items()}
    numbers |= {f"degrees between feedback and {name}": v for name, v in tied.items()}
    worst = max(last, key=lambda layer: last[layer])
    why = f"At the end the update of {worst} is {last[worst]:.0f}° from backpropagation's."
    return TestOutcome(verdict_of(last[worst] >= ORTHOGONAL), why, numbers)


ALIGNMENT = LearnedTest(
    "G8",
    "alignment",
    "At the end of learning every layer's update goes down the gradient: it is less than 90° from "
    "backpropagation's.",
    ORTHOGONAL,
    "degrees; beyond a right angle a small step raises the loss",
    measure,
)
