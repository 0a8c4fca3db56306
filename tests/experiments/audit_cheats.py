"""Rules that cheat, each in its own way, and the honest one that it pretends to be."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import nn

from experiments.audit.audit import audit
from experiments.audit.evidence_page import MARKS
from experiments.audit.registry import TESTS
from experiments.audit.subjects import of_rule
from rate_bridge.rules.fa import FeedbackAlignment


@dataclass(frozen=True)
class TiedStorage(FeedbackAlignment):
    """Transport through storage: Theta is W's memory."""

    name: ClassVar[str] = "tied-storage"

    def initial_theta(self, weight, generator):
        return weight.detach()


@dataclass(frozen=True)
class TiedStart(FeedbackAlignment):
    """Transport through initialisation: Theta begins as a copy of W."""

    name: ClassVar[str] = "tied-start"

    def initial_theta(self, weight, generator):
        return weight.detach().clone()


class Regressing(torch.autograd.Function):
    """Transport through batch statistics: W is regressed from the activities of a batch."""

    @staticmethod
    def forward(ctx: Any, u, weight):
        z = u @ weight.T
        ctx.save_for_backward(u, z.clone())
        return z

    @staticmethod
    def backward(ctx: Any, g):
        u, z = ctx.saved_tensors
        regressed = torch.linalg.lstsq(u, z).solution.T
        return g @ regressed, g.T @ u


class RegressingLayer(nn.Linear):
    def forward(self, u):
        return Regressing.apply(u, self.weight)


def regressing(sizes, seed):
    torch.manual_seed(seed)
    below = [nn.Sequential(RegressingLayer(*pair, bias=False), nn.Tanh()) for pair in pairs(sizes)]
    return nn.Sequential(*below[:-1], below[-1][0])


def pairs(sizes):
    return list(pairwise(sizes))


@dataclass(frozen=True)
class ReadingANeighbour(FeedbackAlignment):
    """Every synapse reads the activity of the axon beside its own."""

    name: ClassVar[str] = "reading-a-neighbour"

    def weight_gradient(self, local):
        return local.product.roll(1, 1)


@dataclass(frozen=True)
class Broadcasting(FeedbackAlignment):
    """A global error reaches every synapse, undeclared."""

    name: ClassVar[str] = "broadcasting"

    def weight_gradient(self, local):
        return local.product * local.g.norm()


@dataclass(frozen=True)
class HiddenClock(FeedbackAlignment):
    """Learns in every second step."""

    name: ClassVar[str] = "hidden-clock"
    calls: list = field(default_factory=list)

    def weight_gradient(self, local):
        self.calls.append(1)
        return local.product * (len(self.calls) // 3 % 2)


@dataclass(frozen=True)
class StoredFreePhase(FeedbackAlignment):
    """Subtracts what the step before had in the place of this one."""

    name: ClassVar[str] = "stored-free-phase"
    stored: dict = field(default_factory=dict)

    def weight_gradient(self, local):
        before = self.stored.get(local.product.shape, torch.zeros_like(local.product))
        self.stored[local.product.shape] = local.product.clone()
        return local.product - before


class Shifted(nn.Linear):
    """Takes rates that are never negative, and takes the 1 off that made them so."""

    def forward(self, u):
        return nn.functional.linear(u - 1, self.weight)


def shifted(sizes, seed):
    """Rectification hidden in a bias; only the readout learns, so that no error is sent."""
    return readout(sizes, seed, ShiftedTanh, Shifted)


class ShiftedTanh(nn.Module):
    def forward(self, z):
        return 1 + z.tanh()


def rectified(sizes, seed):
    """Its honest counterpart: rates that are rectified."""
    return readout(sizes, seed, nn.ReLU, nn.Linear)


def readout(sizes, seed, activation, layer):
    torch.manual_seed(seed)
    first, *rest = pairs(sizes)
    parts = [nn.Linear(*first, bias=False), activation()]
    for pair in rest[:-1]:
        parts += [layer(*pair, bias=False), activation()]
    for part in parts:
        part.requires_grad_(False)
    last = layer(*rest[-1], bias=False)
    for part in (*parts, last):
        if isinstance(part, nn.Linear):  # each cell keeps one sign
            part.weight.data.abs_().mul_(torch.randn(part.weight.shape[1]).sign())
    return nn.Sequential(*parts, last)


def fresh(rule):
    """A learner that gets a rule of its own each time: what a rule has stored does not stay."""
    return lambda sizes, seed: of_rule(rule())(sizes, seed)


CHEATS = {
    "transport through storage": ("G2", fresh(TiedStorage)),
    "transport through initialisation": ("G2", fresh(TiedStart)),
    "transport through batch statistics": ("G2", regressing),
    "reading a neighbour": ("G1", fresh(ReadingANeighbour)),
    "a global error broadcast": ("G1", fresh(Broadcasting)),
    "a hidden clock": ("G3a", fresh(HiddenClock)),
    "a stored free phase": ("G3a", fresh(StoredFreePhase)),
    "rectification hidden in a bias": ("G5", shifted),
}
"""By what it does: the test that must catch it, and the learner."""

HONEST = {name: of_rule(name) for name in ("fa", "dfa", "kp", "wm")} | {
    f"dll-{rule}": of_rule(f"dll-{rule}") for rule in ("minus", "plus", "fixed", "kp")
}
"""Rules that no test but those of their stages and axons may find guilty."""


def confusion():
    """Rows of verdicts, cheats and honest rules by tests, as Markdown."""
    tests = ("G1", "G2", "G3a", "G5")
    lines = [f"| | must fail | {' | '.join(tests)} |", f"|{'---|' * (len(tests) + 2)}"]
    subjects = {name: (test, learner) for name, (test, learner) in CHEATS.items()}
    subjects |= {f"{name} (honest)": ("", learner) for name, learner in HONEST.items()}
    subjects["rectified readout (honest)"] = ("", rectified)
    for name, (must, learner) in subjects.items():
        evidence = audit(learner, tests={test: TESTS[test] for test in tests})
        marks = [MARKS[finding.verdict] for finding in evidence.findings]
        lines.append(f"| {name} | {must} | {' | '.join(marks)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(confusion())
