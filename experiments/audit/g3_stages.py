"""G3b: whether learning has stages that all cells must end together (claim C3)."""

from functools import cache

from experiments.audit.audit_test import AuditTest, TestOutcome
from experiments.audit.controls import KNOWN_LEARNERS, controls
from experiments.audit.g1_reads import reads_of
from experiments.audit.subjects import Audited
from rate_bridge.audit.evidence import verdict_of
from rate_bridge.audit.history import history


def measure(subject: Audited, seed: int = 0) -> TestOutcome:
    """Barriers of a learner's program; signals that switch in a network's equations."""
    if subject.kind == "model":
        return _of_network(subject, seed)
    found = history(subject.learner, seed=seed)
    numbers = {
        "barriers in one update": found.barriers,
        "values that a cell keeps across them": found.kept,
    }
    why = "Every update can be made at once."
    if found.barriers:
        why = (
            f"{found.barriers} time(s) in an update all cells wait for all others, and each keeps "
            f"{found.kept} value(s) for it: as a program of batches it has stages."
        )
    run = controls(_barriers, 0, {"bp": "fails", "nothing": "holds"}, "barriers in one update")
    return TestOutcome(verdict_of(found.barriers), why, numbers, run)


@cache
def _barriers(name: str) -> float:
    return float(history(KNOWN_LEARNERS[name]).barriers)


def _of_network(subject: Audited, seed: int) -> TestOutcome:
    network = subject.network(seed=seed)
    signals = reads_of(subject, seed)[0].global_signals()
    flags = sorted({i.name for p in network.populations for i in p.given.values() if i.is_flag})
    numbers = {
        "barriers in one update": 0,
        "signals that may switch with the stimulus": len(signals) + len(flags),
        "states of a neuron": max(len(p.neuron.states) for p in network.populations),
        "states of a synapse": max(
            (len(p.rule.states) for p in network.pathways if p.rule), default=0
        ),
    }
    said = ", ".join((*signals, *flags)) or "none"
    why = (
        f"All equations run at once. Signals that may switch with the stimulus: {said}. What it "
        "costs to do without the first is measured by learning."
    )
    return TestOutcome(
        "holds",
        why,
        numbers,
    )


STAGES = AuditTest(
    "G3b",
    "stages",
    "C3: no stage of learning has to end in all cells before the next can begin; in a network that "
    "runs in time, signals that switch with the stimulus are counted.",
    0.0,
    "a barrier is a whole number",
    measure,
)
