"""What a test of the audit is: a claim, a tolerance with its reason, and how it is measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.audit.subjects import Audited
from rate_bridge.audit.evidence import Control, Finding, Verdict


@dataclass(frozen=True)
class TestOutcome:
    """What a test measured; see :class:`rate_bridge.audit.evidence.Finding`."""

    verdict: Verdict
    why: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    controls: tuple[Control, ...] = ()
    offenders: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Claimed:
    """What a test is about.

    Parameters
    ----------
    name, title : str
        Such as ``"G1"`` and ``"reads"``.
    claim : str
        What is put to the test, in a sentence.
    tolerance : float
        Up to which number the claim holds.
    reason : str
        Why that tolerance.
    """

    name: str
    title: str
    claim: str
    tolerance: float
    reason: str

    def found(self, outcome: TestOutcome) -> Finding:
        """What it found, with all that belongs to it."""
        return Finding(
            self.name,
            self.claim,
            outcome.verdict,
            outcome.why,
            outcome.numbers,
            self.tolerance,
            self.reason,
            outcome.controls,
            outcome.offenders,
        )


@dataclass(frozen=True)
class LearnedTest(Claimed):
    """A test of what learning has cost (:mod:`experiments.audit.costs`).

    Parameters
    ----------
    judge : callable
        Costs to what was measured.
    """

    judge: Callable[[Mapping[str, Any]], TestOutcome]


@dataclass(frozen=True)
class AuditTest(Claimed):
    """A test that intervenes.

    Parameters
    ----------
    measure : callable
        (subject, seed) to what was measured.
    """

    measure: Callable[[Audited, int], TestOutcome]

    def finding(self, subject: Audited, seed: int = 0) -> Finding:
        """What it found about a subject."""
        try:
            outcome = self.measure(subject, seed)
        except ValueError as reason:  # no rest, no derivative: said by what cannot do it
            outcome = TestOutcome("not applicable", str(reason))
        return self.found(outcome)
