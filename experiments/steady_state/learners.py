"""Learners of images: microcircuits at rest, and backpropagation through plain networks.

Both learn from the mean over a minibatch, towards targets of the same rates, in single precision
and in place; neither uses automatic differentiation.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from brian2 import ms
from jaxtyping import Float, Int
from torch import Tensor

from compartments import potentials_of
from compartments.activations import LOGISTIC
from experiments.steady_state.kinds import WEIGHT_SCALE, ImageLearner
from models import MicrocircuitOptions, microcircuit_network
from models.microcircuit import MicrocircuitNetwork
from rate_bridge.ode_engine.activations import TorchActivation
from rate_bridge.references.local_steps import Parameters, forward, local_errors
from rate_bridge.references.microcircuit import Microcircuit

Pixels = Float[Tensor, "batch n_in"]
Labels = Int[Tensor, "batch"]

RATES_OF_TARGETS = (0.1, 0.8)
"""Of a neuron whose class it is not, and of one whose it is (Sacramento et al. 2018)."""

AT_REST = MicrocircuitOptions(
    g_A=0.8 / ms, g_som=0.8 / ms, tau_0=None, tau_w=None, bias=1.0, eta_PI=0.0
)


class LearnsInPlace(ABC):
    """Weights by name, which learn in place."""

    def __init__(self, weights: dict[str, Tensor], classes: int) -> None:
        self.weights = weights
        chosen = np.eye(classes, dtype=int)
        rates = np.array(RATES_OF_TARGETS)
        self.rates = torch.tensor(rates[chosen], dtype=torch.float32)
        self.potentials = torch.tensor(potentials_of(LOGISTIC, rates)[chosen], dtype=torch.float32)

    @abstractmethod
    def advance(self, inputs: Pixels, labels: Labels, scale: float) -> None:
        """One step by ``scale`` times the rates."""

    @abstractmethod
    def answers(self, inputs: Pixels) -> Float[Tensor, "batch n_out"]:
        """The output without a target."""

    def error(self, inputs: Pixels, labels: Labels) -> float:
        """Share of the samples whose class has not the largest output."""
        return float((self.answers(inputs).argmax(1) != labels).float().mean())

    def observed(self, inputs: Pixels, labels: Labels) -> dict[str, list[float]]:
        """What else is watched while it learns."""
        return {}


class CircuitLearner(LearnsInPlace):
    """A microcircuit at rest, found in one pass.

    It starts in the self-predicting state. Interneurons keep to it, to first order, where they
    learn as fast as what they stand for: with c the ratio of both weights in that state and
    lambda_I the share of the nudge, ``lambda_I eta_IP = c eta_W`` of the area above.
    """

    def __init__(
        self, kind: ImageLearner, n_in: int, classes: int, factor: float, seed: int
    ) -> None:
        network = circuit((n_in, *kind.hidden, classes), kind, factor, seed)
        self.reference = Microcircuit(network).single.in_one_pass
        super().__init__(self.reference.tensors(), classes)

    def advance(self, inputs: Pixels, labels: Labels, scale: float) -> None:
        """One step by ``scale`` times the rates."""
        shown = {"stimulus": inputs, "target": self.potentials[labels]}
        self.reference.advance(self.weights, shown, scale)

    def answers(self, inputs: Pixels) -> Float[Tensor, "batch n_out"]:
        """The output's potentials without a target."""
        return self.reference.potentials(self.weights, {"stimulus": inputs}).u[-1]

    def observed(self, inputs: Pixels, labels: Labels) -> dict[str, list[float]]:
        """What is left of the apical potential, and angles to backpropagation.

        ``unexplained``: of every hidden area, without a target, the root mean square of the apical
        potential over that of what comes from above. ``angle``: of every area's mean update, in
        degrees.
        """
        alone = self.reference.potentials(self.weights, {"stimulus": inputs})
        pairs = zip(alone.v_A, alone.feedback, strict=True)
        shown = {"stimulus": inputs, "target": self.potentials[labels]}
        mine = self.reference.products(self.weights, shown)
        goal = gradient_factors(self._plain, inputs, self.rates[labels])
        return {
            "unexplained": [float(v.norm() / f.norm()) for v, f in pairs],
            "angle": [
                degrees(mine[f"W{k}"][0].mT @ mine[f"W{k}"][1], delta.mT @ below)
                for k, (delta, below) in enumerate(goal)
            ],
        }

    @property
    def _plain(self) -> Parameters:
        """The same way up without dendrites: conductances are in the weights."""
        c = self.reference.circuit(self.weights)
        W = [c.dendrite(k) * w for k, w in enumerate(c.W)]
        return Parameters(W, W[1:], [c.dendrite(k) * b.mT for k, b in enumerate(c.b)])


class GradientLearner(LearnsInPlace):
    """Backpropagation of the squared error of rates."""

    def __init__(
        self, kind: ImageLearner, n_in: int, classes: int, factor: float, seed: int
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        weights: dict[str, Tensor] = {}
        for k, (below, above) in enumerate(pairwise((n_in, *kind.hidden, classes))):
            drawn = 2 * torch.rand(above, below, generator=generator) - 1
            weights[f"W{k}"], weights[f"b{k}"] = WEIGHT_SCALE * drawn, torch.zeros(above, 1)
        self.etas = [factor * rate for rate in kind.rates]
        super().__init__(weights, classes)

    @property
    def _plain(self) -> Parameters:
        W = [self.weights[f"W{k}"] for k in range(len(self.etas))]
        return Parameters(W, W[1:], [self.weights[f"b{k}"] for k in range(len(W))])

    def advance(self, inputs: Pixels, labels: Labels, scale: float) -> None:
        """One step by ``scale`` times the rates."""
        factors = gradient_factors(self._plain, inputs, self.rates[labels])
        for k, ((delta, below), eta) in enumerate(zip(factors, self.etas, strict=True)):
            alpha = scale * eta / len(inputs)
            self.weights[f"W{k}"].addmm_(delta.mT, below, alpha=alpha)
            self.weights[f"b{k}"].add_(delta.sum(0)[:, None], alpha=alpha)

    def answers(self, inputs: Pixels) -> Float[Tensor, "batch n_out"]:
        """The output's rates."""
        return forward(self._plain, inputs, _logistic(len(self.etas))).u[-1]


def learner(kind: ImageLearner, n_in: int, classes: int, factor: float, seed: int) -> LearnsInPlace:
    """A learner of that kind at its beginning."""
    made = CircuitLearner if kind.has_interneurons else GradientLearner
    return made(kind, n_in, classes, factor, seed)


def circuit(
    sizes: tuple[int, ...], kind: ImageLearner, factor: float, seed: int
) -> MicrocircuitNetwork:
    """The described network of a kind, with its learning rates."""
    etas = tuple(factor * rate for rate in kind.rates)
    gains, shares = AT_REST.gains, AT_REST.shares
    hidden = len(kind.hidden)
    beside = [
        (gains.output / gains.below_output / shares.below_output)
        if k == hidden
        else (gains.hidden / gains.below_hidden / shares.below_hidden)
        for k in range(1, hidden + 1)
    ]
    options = replace(
        AT_REST,
        W_scale=WEIGHT_SCALE,
        eta_W=etas,
        eta_IP=tuple(c * eta for c, eta in zip(beside, etas[1:], strict=True)),
        eta_theta=factor * kind.eta_theta,
        eta_PI=factor * kind.eta_PI,
    )
    return microcircuit_network(sizes, options, seed=seed)


def gradient_factors(
    p: Parameters, inputs: Pixels, targets: Float[Tensor, "batch n_out"]
) -> list[tuple[Tensor, Tensor]]:
    """Of every area, both factors of the descent of ``|targets - rates|^2 / 2``."""
    f = _logistic(len(p.W))
    activity = forward(p, inputs, f)
    deltas = local_errors(p, activity, targets, f).delta[1:]
    return [(d, u) for d, u in zip(deltas, activity.u[:-1], strict=True) if d is not None]


def degrees(a: Tensor, b: Tensor) -> float:
    """The angle between two arrays."""
    cosine = (a * b).sum() / (a.norm() * b.norm()).clamp_min(1e-30)
    return float(torch.rad2deg(torch.acos(cosine.clamp(-1, 1))))


def _logistic(areas: int) -> list[TorchActivation]:
    quick = TorchActivation(torch.sigmoid, lambda z: (r := torch.sigmoid(z)) * (1 - r))
    return [quick] * areas
