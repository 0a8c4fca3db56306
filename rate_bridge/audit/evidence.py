"""What an audit says: a verdict on each claim, with the numbers and controls behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from compartments.domains import check_fields

Verdict = Literal["holds", "fails", "not applicable"]


def verdict_of(fails: object) -> Verdict:
    """In a word, whether a claim fails."""
    return "fails" if fails else "holds"


class ControlError(ArithmeticError):
    """A control did not come out as it is known to, so nothing that was measured can be trusted."""


@dataclass(frozen=True)
class Control:
    """A case whose outcome is known before it is measured.

    Parameters
    ----------
    name : str
        What is measured, in words.
    expected, found : Verdict
        What must come out, and what did.
    number : float
        What was measured.
    """

    name: str
    expected: Verdict
    found: Verdict
    number: float

    @property
    def comes_out(self) -> bool:
        """Whether it came out."""
        return self.expected == self.found


@dataclass(frozen=True)
class Finding:
    """What one test found about one subject.

    Parameters
    ----------
    test : str
        Its name in the registry of tests, such as ``"G1"``.
    claim : str
        What is put to the test, in a sentence.
    verdict : {"holds", "fails", "not applicable"}
        Of the measurement.
    why : str
        In words: what fails, where, or why the test does not apply.
    numbers : mapping of str to float
        All that was measured, by what it is.
    tolerance : float or None
        Up to which number the claim holds.
    reason : str
        Why that tolerance.
    controls : tuple of Control
        Run with the test.
    offenders : tuple of (str, str)
        Arrows (from, to) of the circuit that should not be there.
    """

    test: str
    claim: str
    verdict: Verdict
    why: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    tolerance: float | None = None
    reason: str = ""
    controls: tuple[Control, ...] = ()
    offenders: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_fields(self, f"Finding {self.test}")


@dataclass(frozen=True)
class Evidence:
    """All findings about one subject.

    Parameters
    ----------
    subject : str
        The rule or network, by its name.
    findings : tuple of Finding
        In the order of the tests.
    costs : mapping
        What learning has cost, if it was measured.

    Raises
    ------
    ControlError
        If a control of any test did not come out: there is no evidence then.
    """

    subject: str
    findings: tuple[Finding, ...]
    costs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for finding in self.findings:
            for control in finding.controls:
                if not control.comes_out:
                    raise ControlError(
                        f"Audit of {self.subject!r}, test {finding.test}: the control "
                        f"{control.name!r} must come out as {control.expected!r} and came out as "
                        f"{control.found!r} ({control.number:.3g}); nothing is said about "
                        f"{self.subject!r}."
                    )

    def finding(self, test: str) -> Finding:
        """That of one test."""
        return next(finding for finding in self.findings if finding.test == test)
