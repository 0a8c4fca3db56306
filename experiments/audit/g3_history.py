"""G3a: whether learning reads a clock, or what a phase before has left behind (claim C3)."""

from functools import cache

from experiments.audit.audit_test import AuditTest, TestOutcome
from experiments.audit.controls import KNOWN_LEARNERS, KNOWN_NETWORKS, controls
from experiments.audit.g1_reads import of_network, reads_of
from experiments.audit.subjects import Audited
from rate_bridge.audit.evidence import verdict_of
from rate_bridge.audit.history import history
from rate_bridge.audit.reads import MOMENT
from rate_bridge.audit.transport import EXACT


def measure(subject: Audited, seed: int = 0) -> TestOutcome:
    """StepHistory of a learner's updates; time in a network's equations."""
    if subject.kind == "model":
        return _of_network(subject, seed)
    found = history(subject.learner, seed=seed)
    numbers = {
        "change of updates with the number of steps": found.clock,
        "change of updates with what was shown before": found.memory,
    }
    ways = []
    if found.clock > EXACT:
        ways.append("Updates on the same samples change from step to step: a clock is hidden.")
    if found.memory > EXACT:
        ways.append("Updates depend on what was shown before: a phase is stored.")
    run = controls(
        _hidden, EXACT, {"bp": "holds", "dll-minus": "holds", "nothing": "holds"}, "history"
    )
    why = " ".join(ways) or "The same samples give the same updates, whenever they are shown."
    return TestOutcome(verdict_of(ways), why, numbers, run)


@cache
def _hidden(name: str) -> float:
    found = history(KNOWN_LEARNERS[name])
    return max(found.clock, found.memory)


def _of_network(subject: Audited, seed: int) -> TestOutcome:
    found, _ = reads_of(subject, seed)
    clocks = [r for r in found.found() if r.place == MOMENT and not r.column.owner]
    noises = [r for r in found.found() if r.place == MOMENT and r.column.owner]
    numbers = {
        "equations that contain the time": len(clocks),
        "equations that contain noise": len(noises),
    }
    arrows = tuple(r.arrow for r in clocks)
    said = "; ".join(f"{b} reads {a}" for a, b in arrows)
    why = f"{said}." if clocks else "No equation contains the time, and all states are declared."
    run = controls(_clocks, 0, {"dll": "holds"}, "equations that contain the time")
    return TestOutcome(verdict_of(clocks), why, numbers, run, arrows)


@cache
def _clocks(name: str) -> float:
    found, _ = of_network(KNOWN_NETWORKS[name]())
    return float(sum(r.place == MOMENT for r in found.found()))


CLOCK_AND_MEMORY = AuditTest(
    "G3a",
    "clock and memory",
    "C3: no clock, and no memory that is not declared: an update depends on what is shown now and "
    "on the states of cells and synapses, not on when it is made nor on a stored phase.",
    EXACT,
    "the same operations on the same numbers give the same bits",
    measure,
)
