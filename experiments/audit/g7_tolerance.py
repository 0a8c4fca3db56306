"""G7: how much noise, coarseness and wrong slope learning bears; measured by learning."""

from collections.abc import Mapping
from typing import Any

from experiments.audit.audit_test import LearnedTest, TestOutcome
from experiments.audit.costs import LOST, tolerated
from rate_bridge.audit.evidence import verdict_of

MUST_BEAR = {
    "noise": 0.1,
    "bits": 6,
    "constant-slope": 0,
    "other-slope": 0,
    "spread": 0.1,
    "delays": 1.0,
}
"""By condition, the level that must be borne."""


def measure(costs: Mapping[str, Any]) -> TestOutcome:
    """Points lost at what must be borne, and the hardest level that is borne."""
    numbers, lost = {}, []
    for row in costs["rows"]:
        if row["condition"] not in MUST_BEAR:
            continue
        numbers[f"points lost, {row['label']}"] = 100 * row["lost"]
        if row["level"] == MUST_BEAR[row["condition"]] and row["lost"] > LOST:
            lost.append(f"{row['label']} costs {100 * row['lost']:.1f} points")
    for condition in ("noise", "bits", "spread", "delays"):
        level = tolerated(costs["rows"], condition)
        if level is not None:
            numbers[f"hardest level borne, {condition}"] = level
    why = f"{'; '.join(lost)}." if lost else "What must be borne costs at most two points each."
    return TestOutcome(verdict_of(lost), why, numbers)


TOLERANCES = LearnedTest(
    "G7",
    "tolerance",
    "Learning bears noise of a tenth of what is sent, weights of 6 bits, a slope f' that is not "
    "the activation's, and in time a spread of time constants of a tenth and delays of 1 ms, each "
    "at the price of two points of accuracy at most.",
    100 * LOST,
    "points of accuracy; the deviation between networks is about one",
    measure,
)
