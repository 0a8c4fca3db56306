"""``audit(network or learner, task) -> Evidence``: every test, and what learning costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.audit.audit_test import AuditTest
from experiments.audit.costs import LearningTask, learned_costs, timed_costs
from experiments.audit.in_time import names_its_times
from experiments.audit.registry import LEARNED_TESTS, TESTS
from experiments.audit.subjects import Audited
from experiments.lab.classification import classifier
from experiments.lab.models import chosen, parsed_options
from experiments.lab.progress import Report, portion
from experiments.lab.samples import samples
from models import Network
from rate_bridge.audit.evidence import Evidence
from rate_bridge.audit.program import Learner

BEFORE_LEARNING = 0.1
"""Part of the progress."""


@dataclass(frozen=True)
class AuditedObject(Audited):
    """A network or a learner that is there already.

    A network whose sizes are its own is audited at these; tests that need several sizes of it are
    then about this one.
    """

    made: Any = None

    def network(self, sizes: Any = None, seed: int = 0) -> Network:
        """The network."""
        assert isinstance(self.made, Network)
        return self.made

    @property
    def learner(self) -> Learner:
        """The learner."""
        found: Learner = self.made
        return found


def audit(
    subject: Network | Learner | Audited,
    task: LearningTask | None = None,
    *,
    tests: Mapping[str, AuditTest] = TESTS,
    seed: int = 0,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Evidence:
    """The evidence about a network or a learner.

    Parameters
    ----------
    subject : Network or callable or Audited
        A described network; a function of (sizes, seed) to a torch module that learns by its
        gradients; or either by its name.
    task : LearningTask, optional
        What a learner learns, to see what it costs; without one that is not measured. The rule
        has to be known by name, so that other processes find it.
    tests : mapping of str to AuditTest
        Which tests that intervene.
    seed : int
        For generic states, weights and samples.
    progress : callable
        Told the fraction that is done.

    Raises
    ------
    ControlError
        If a control does not come out.
    """
    if not isinstance(subject, Audited):
        kind = "model" if isinstance(subject, Network) else "rule"
        name = type(subject).__name__ if kind == "model" else getattr(subject, "__name__", "rule")
        subject = AuditedObject(kind, name, made=subject)
    findings = []
    for number, test in enumerate(tests.values()):
        findings.append(test.finding(subject, seed))
        progress((number + 1) / len(tests) * (BEFORE_LEARNING if task else 1))
    costs: dict[str, Any] = {}
    if task is not None:
        costs = _costs(subject, task, portion(progress, BEFORE_LEARNING, 1))
    if costs:
        findings += [test.found(test.judge(costs)) for test in LEARNED_TESTS.values()]
    return Evidence(subject.label, tuple(findings), costs)


def _costs(subject: Audited, task: LearningTask, progress: Report) -> dict[str, Any]:
    """What learning costs; empty for a network that does not learn to classify samples."""
    if subject.kind == "rule":
        return learned_costs(subject.name, task, progress)
    model = chosen(subject.name)
    if not model.rates or not names_its_times(subject.network()):
        return {}
    options = parsed_options(subject.options)
    try:
        classifier(model, samples(task.dataset), task.hidden, 0, options)
    except ValueError:  # no target, no readout, or sizes of its own
        return {}
    return timed_costs(subject.name, subject.options, task, progress)
