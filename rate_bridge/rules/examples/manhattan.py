"""Feedback alignment whose weights step by the sign of their change alone (Liao et al. 2016).

``tuft audit --rule rate_bridge/rules/examples/manhattan.py:rule`` puts it to every test.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from rate_bridge.rules import Local
from rate_bridge.rules.fa import FeedbackAlignment


@dataclass(frozen=True)
class Manhattan(FeedbackAlignment):
    """``W += eta sign(delta u^T)``, summed over the batch."""

    name: ClassVar[str] = "manhattan"
    source: ClassVar[str] = "Liao, Leibo & Poggio 2016, AAAI (arXiv 1510.05067)"

    def weight_gradient(self, local: Local) -> Tensor:
        """The sign of the local product; its size is lost."""
        assert local.product is not None
        return local.product.sign()


def rule() -> Manhattan:
    """The rule."""
    return Manhattan()
