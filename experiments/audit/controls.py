"""Rules whose verdicts are known, which run beside every audit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from experiments.audit.subjects import of_rule
from models import Network, dll_network
from rate_bridge.audit.evidence import Control, Verdict
from rate_bridge.audit.program import Learner
from rate_bridge.rules import Local
from rate_bridge.rules.fa import FeedbackAlignment


@dataclass(frozen=True)
class Nothing(FeedbackAlignment):
    """Reads nothing: passes every test, and learns nothing."""

    name: ClassVar[str] = "nothing"
    source: ClassVar[str] = "a control"

    def weight_gradient(self, local: Local) -> Tensor:
        """0."""
        assert local.product is not None
        return torch.zeros_like(local.product)


@dataclass(frozen=True)
class Neighbour(FeedbackAlignment):
    """Every synapse learns from the error of the cell beside its own."""

    name: ClassVar[str] = "neighbour"
    source: ClassVar[str] = "a control"

    def weight_gradient(self, local: Local) -> Tensor:
        """Another cell's product."""
        assert local.product is not None
        return local.product.roll(1, 0)


KNOWN_LEARNERS: dict[str, Learner] = {
    "bp": of_rule("bp"),
    "fa": of_rule("fa"),
    "dll-minus": of_rule("dll-minus"),
    "nothing": of_rule(Nothing()),
    "neighbour": of_rule(Neighbour()),
}
"""Learners of known verdict."""


def kp_network() -> Network:
    """Its Theta reads the basal u at an apical synapse, and declares it."""
    return dll_network((3, 4, 5, 2), theta_rule="kp")


KNOWN_NETWORKS: dict[str, Callable[[], Network]] = {
    "dll": lambda: dll_network((3, 4, 5, 2)),
    "dll theta_rule=kp": kp_network,
}
"""Networks of known verdict."""


def controls(
    measured: Callable[[str], float], tolerance: float, expected: dict[str, Verdict], what: str
) -> tuple[Control, ...]:
    """Each control's number, and whether it is on the side of the tolerance where it must be."""
    found = []
    for name, verdict in expected.items():
        number = measured(name)
        came: Verdict = "holds" if number <= tolerance else "fails"
        found.append(Control(f"{name}: {what}", verdict, came, number))
    return tuple(found)
