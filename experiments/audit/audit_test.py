"""What a test of the audit is: a claim, a tolerance with its reason, and how it is measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
class AuditTest:
    """A test.

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
    measure : callable
        (subject, seed) to what was measured.
    """

    name: str
    title: str
    claim: str
    tolerance: float
    reason: str
    measure: Callable[[Audited, int], TestOutcome]

    def finding(self, subject: Audited, seed: int = 0) -> Finding:
        """What it found about a subject."""
        found = self.measure(subject, seed)
        return Finding(
            self.name,
            self.claim,
            found.verdict,
            found.why,
            found.numbers,
            self.tolerance,
            self.reason,
            found.controls,
            found.offenders,
        )
