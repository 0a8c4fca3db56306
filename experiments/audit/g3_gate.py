"""G3c: what it costs to withdraw the gate, and how long presentations have to be; by learning."""

from collections.abc import Mapping
from typing import Any

from experiments.audit.audit_test import LearnedTest, TestOutcome
from experiments.audit.costs import LOST
from rate_bridge.audit.evidence import verdict_of

LONG = 10.0
"""Presentation time in tau at which no gate may be needed."""


def measure(costs: Mapping[str, Any]) -> TestOutcome:
    """Points lost without the gate, at every presentation time."""
    accuracy = {
        name: {row["level"]: row["mean"] for row in costs["rows"] if row["condition"] == name}
        for name in ("gate", "no gate")
    }
    if not accuracy["gate"]:
        return TestOutcome("not applicable", "It is a program of batches, without time.")
    lost = {t: accuracy["gate"][t] - accuracy["no gate"][t] for t in accuracy["gate"]}
    numbers = {f"points lost without the gate, T = {t:g} tau": 100 * v for t, v in lost.items()}
    shown = ", ".join(f"{100 * v:.1f} at {t:g}" for t, v in lost.items())
    why = f"Points lost without the gate, by presentation time in tau: {shown}."
    return TestOutcome(verdict_of(lost[LONG] > LOST), why, numbers)


GATE_WITHDRAWN = LearnedTest(
    "G3c",
    "gate",
    "C3: shown for ten time constants of its cells, a sample is learned as well without the gate "
    "that shuts plasticity off after every switch, but for two points of accuracy.",
    100 * LOST,
    "points of accuracy; the deviation between networks is about one",
    measure,
)
