"""Who learns the regression: stacked copies at rest, of several rates and seeds, side by side.

All have the same dendrites, neurons and initial weights, and none has thresholds:

* a microcircuit, whose interneurons bring the error down;
* the same with its lower weights frozen: a shallow learner on random features;
* a shallow learner without hidden area;
* backpropagation through the weights up, in place of interneurons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from compartments.lookup import look_up
from experiments.regression.task import RECTIFIER
from models import MicrocircuitOptions, microcircuit_network
from models.microcircuit import MicrocircuitNetwork
from rate_bridge.references.microcircuit import Microcircuit
from rate_bridge.references.microcircuit_rest import (
    Circuit,
    Potentials,
    Teacher,
    leaky_recursion,
    rule_factors,
)

RECTIFIED = MicrocircuitOptions(
    activation="soft-rectifier", W_scale=1.0, theta_scale=1.0, eta_PI=0.0, tau_w=None
)

Stacked = Float[Tensor, "copy _n_above _n_below"]
Shown = Float[Tensor, "copy batch _n"]


@dataclass(frozen=True)
class Regressor:
    """A way to learn.

    Parameters
    ----------
    label : str
        In figures.
    hidden : bool
        Whether there is a hidden area.
    lower : bool
        Whether its incoming weights learn.
    interneurons : bool
        Whether they bring the error down; else backpropagation does.
    rates : tuple of tuple of float
        Learning rates into the hidden area and into the output, of all pairs of which one is
        selected.
    """

    label: str
    hidden: bool = True
    lower: bool = True
    interneurons: bool = True
    rates: tuple[tuple[float, ...], tuple[float, ...]] = (
        (10.0, 30.0, 100.0),
        (100.0, 300.0, 1e3),
    )

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """All rates that are tried."""
        return [(lower, upper) for lower in self.rates[0] for upper in self.rates[1]]


REGRESSORS: dict[str, Regressor] = {
    "microcircuit": Regressor("microcircuit"),
    "frozen": Regressor("lower weights frozen", lower=False, rates=((0.0,), (3e3, 1e4, 3e4, 1e5))),
    "shallow": Regressor(
        "no hidden area", hidden=False, lower=False, rates=((0.0,), (1.0, 3.0, 10.0, 30.0))
    ),
    "backprop": Regressor(
        "backpropagation", interneurons=False, rates=((30.0, 100.0, 300.0), (1e3, 3e3, 1e4))
    ),
}


def regressor(name: str) -> Regressor:
    """The learner of that name.

    Raises
    ------
    ValueError
        For an unknown one; lists the valid ones and the nearest.
    """
    return look_up("learner", name, REGRESSORS)


def described(
    sizes: Sequence[int], seed: int, rates: tuple[float, ...] = ()
) -> MicrocircuitNetwork:
    """The described network; with bottom-up rates, interneurons keep pace with what they stand for.

    At first order ``lambda_I eta_IP = c eta_W`` keeps them self-predicting, with c the ratio of
    both weights in that state and lambda_I the share of the nudge.
    """
    if not rates:
        return microcircuit_network(sizes, RECTIFIED, seed=seed)
    pace = keeping_pace()
    return microcircuit_network(sizes, RECTIFIED, seed=seed, eta_W=rates, eta_IP=pace * rates[-1])


def keeping_pace() -> float:
    """eta_IP over eta_W of the output."""
    gains, shares = RECTIFIED.gains, RECTIFIED.shares
    return gains.output / gains.below_output / shares.below_output


class Copies:
    """Copies of one kind: one for each pair of rates and seed.

    Parameters
    ----------
    kind : Regressor
        Which.
    sizes : tuple of int
        Input, hidden area, output; the second is left out where there is none.
    rates : sequence of tuple of float
        Learning rates into the hidden area and into the output, for each copy.
    seeds : sequence of int
        Of initial weights, for each copy.
    """

    def __init__(
        self,
        kind: Regressor,
        sizes: tuple[int, int, int],
        rates: Sequence[tuple[float, float]],
        seeds: Sequence[int],
    ) -> None:
        self.kind = kind
        shape = sizes if kind.hidden else (sizes[0], sizes[2])
        nets = [described(shape, seed) for seed in seeds]
        names = [name for name in nets[0].weights if not name.startswith("nudge")]
        self.weights = {
            name: torch.stack([torch.tensor(net.weights[name]) for net in nets]) for name in names
        }
        self.reference = Microcircuit(nets[0])
        lower, upper = torch.tensor(rates, dtype=torch.float64)[:, :, None, None].unbind(1)
        self.rates = {"W1": upper, "IP1": keeping_pace() * upper} if kind.hidden else {"W0": upper}
        if kind.lower:
            self.rates["W0"] = lower

    @property
    def circuit(self) -> Circuit:
        """Weights and constants as the recursion takes them."""
        return self.reference.circuit(self.weights)

    def potentials(self, stimuli: Shown, targets: Shown | None = None) -> Potentials:
        """All potentials at rest, with or without targets."""
        c = self.circuit
        on = stimuli.new_full((1, 1), float(targets is not None))
        goal = stimuli.new_zeros(1, 1) if targets is None else targets
        return leaky_recursion(c, stimuli, Teacher.shown(goal, on, c.shares.output))

    def answers(self, stimuli: Shown) -> Shown:
        """Rates of the output without targets."""
        return RECTIFIER.function(self.potentials(stimuli).u[-1])

    def factors(self, stimuli: Shown, targets: Shown) -> dict[str, tuple[Shown, Shown]]:
        """What meets at the synapses of every pathway."""
        if self.kind.interneurons:
            p = self.potentials(stimuli, targets)
            return rule_factors(p, RECTIFIER.function, stimuli, stimuli[..., :1])
        return self.gradient(stimuli, targets)

    def gradient(self, stimuli: Shown, targets: Shown) -> dict[str, tuple[Shown, Shown]]:
        """Both factors of the descent of the squared error of rates, halved."""
        c, p = self.circuit, self.potentials(stimuli)
        error = RECTIFIER.function(targets) - RECTIFIER.function(p.v_hat[-1])
        delta = error * RECTIFIER.derivative(p.v_hat[-1])
        below_output = RECTIFIER.function(p.u[0]) if self.kind.hidden else stimuli
        found = {f"W{len(c.W) - 1}": (delta, below_output)}
        if self.kind.hidden:
            below = (c.dendrite(1) * delta @ c.W[1]) * RECTIFIER.derivative(p.v_hat[0])
            found["W0"] = (below, stimuli)
        return found

    def advance(self, stimuli: Shown, targets: Shown, scale: float) -> None:
        """One step by ``scale`` times the rates."""
        found = self.factors(stimuli, targets)
        for name, rate in self.rates.items():
            if name in found:
                above, below = found[name]
                step = scale * rate / stimuli.shape[-2]
                self.weights[name] += step * (above.mT @ below)

    def angles(self, stimuli: Shown, targets: Shown) -> Float[Tensor, "copy"]:
        """Between the lower weights' mean step and that of backpropagation, in degrees."""
        mine, goal = (f(stimuli, targets)["W0"] for f in (self.factors, self.gradient))
        a, b = ((above.mT @ below).flatten(1) for above, below in (mine, goal))
        cosine = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-300)
        return torch.rad2deg(torch.acos(cosine.clamp(-1, 1)))
