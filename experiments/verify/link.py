"""One link of the chain of evidence."""

from typing import NamedTuple


class Link(NamedTuple):
    """One measured number and what it must not exceed, with the reason."""

    claim: str
    value: float
    tolerance: float
    reason: str

    @property
    def holds(self) -> bool:
        """Whether the number is within its tolerance."""
        return bool(self.value <= self.tolerance)
