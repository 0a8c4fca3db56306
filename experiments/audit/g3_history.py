"""G3a: whether learning reads a clock, or what a phase before has left behind (claim C3)."""

from functools import cache

from experiments.audit.controls import LEARNERS, NETWORKS, controls
from experiments.audit.g1_reads import of_network
from experiments.audit.subjects import Subject
from rate_bridge.audit.evidence import Finding, verdict_of
from rate_bridge.audit.history import history
from rate_bridge.audit.reads import MOMENT
from rate_bridge.audit.transport import EXACT

TEST, TITLE = "G3a", "clock and memory"
CLAIM = (
    "C3: no clock, and no memory that is not declared: an update depends on what is shown now and "
    "on the states of cells and synapses, not on when it is made nor on a stored phase."
)
REASON = "the same operations on the same numbers give the same bits"


def finding(subject: Subject, seed: int = 0) -> Finding:
    """History of a learner's updates; time in a network's equations."""
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
    return Finding(TEST, CLAIM, verdict_of(ways), why, numbers, EXACT, REASON, run)


@cache
def _hidden(name: str) -> float:
    found = history(LEARNERS[name])
    return max(found.clock, found.memory)


def _of_network(subject: Subject, seed: int) -> Finding:
    found, _ = of_network(subject.network(seed=seed))
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
    return Finding(TEST, CLAIM, verdict_of(clocks), why, numbers, 0.0, REASON, run, arrows)


@cache
def _clocks(name: str) -> float:
    found, _ = of_network(NETWORKS[name]())
    return float(sum(r.place == MOMENT for r in found.found()))
