"""Direct feedback alignment: the output error reaches every layer through its own fixed matrix."""

from dataclasses import dataclass
from typing import ClassVar

from rate_bridge.rules.fa import FeedbackAlignment


@dataclass(frozen=True)
class DirectFeedbackAlignment(FeedbackAlignment):
    """``xi_i = B_i^T delta_L``, B_i fixed, of shape ``(n_output, *shape of u_i)``.

    Drawn like the output layer's weights unless ``theta_std`` is given.
    """

    name: ClassVar[str] = "dfa"
    source: ClassVar[str] = "Nokland 2016, NeurIPS 29 (arXiv 1609.01596)"
    direct: ClassVar[bool] = True
