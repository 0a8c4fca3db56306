"""The dendritic microcircuit at rest, and what its rules learn there (Sacramento et al. 2018).

:mod:`rate_bridge.references.microcircuit_rest` has the potentials as pure functions; here they meet
a described network. Noise is left out, and of weights that are low-passed the whole change counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from compartments.checks import check_kind, finite_array
from compartments.domains import check_value
from models.microcircuit import MicrocircuitNetwork, interneuron_name
from models.microcircuit_options import DendriticGains, NudgingShares
from models.weights import WeightBundle
from rate_bridge.devices import available_device, real_dtype
from rate_bridge.ode_engine.activations import quick_function
from rate_bridge.references.microcircuit_rest import (
    SETTLED_WITHIN,
    Circuit,
    Phi,
    Potentials,
    Teacher,
    leaky_recursion,
    rest,
    rule_factors,
)
from rate_bridge.references.reference import Given, Reference, Values

REST = "The microcircuit's rest"


@dataclass(frozen=True)
class Microcircuit(Reference):
    """The exact rest of a microcircuit, and Eqs. 7 to 10 there.

    Parameters
    ----------
    network : MicrocircuitNetwork
        The description that the engines run.
    dtype : torch.dtype
        float64 or float32.
    device : str
        Where tensors live.
    form : {"rest", "recursion"}
        The rest itself, or the recursion that finds it in one pass but for what apical potentials
        send up again (:func:`~rate_bridge.references.microcircuit_rest.leaky_recursion`).

    Raises
    ------
    TypeError
        For a network that :func:`models.microcircuit.microcircuit_network` has not made.
    ValueError
        For an unknown type, device or form.
    """

    network: MicrocircuitNetwork
    dtype: torch.dtype = torch.float64
    device: str = "cpu"
    form: Literal["rest", "recursion"] = "rest"

    def __post_init__(self) -> None:
        wanted = "microcircuit_network(sizes)"
        check_kind(REST, "network", self.network, MicrocircuitNetwork, wanted)
        real_dtype(REST, self.dtype)
        available_device(self.device)
        check_value(REST, "form", self.form, Literal["rest", "recursion"])

    @property
    def title(self) -> str:
        """Its name in sentences."""
        return "the microcircuit's rest"

    @property
    def single(self) -> "Microcircuit":
        """The same with numbers of single precision."""
        return replace(self, dtype=torch.float32)

    @property
    def in_one_pass(self) -> "Microcircuit":
        """The same by the recursion."""
        return replace(self, form="recursion")

    def tensor(self, array: np.ndarray | float) -> Tensor:
        """A copy as a tensor of the right type, on the right device."""
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def circuit(self, weights: Mapping[str, Tensor]) -> Circuit:
        """Named weights in the order that the pure functions take, and the constants."""
        o, depth = self.network.options, len(self.network.sizes) - 1
        hidden = range(1, depth)
        zero = self.tensor(0.0)

        def biases(name: str, areas: range) -> list[Tensor]:
            return [o.bias * weights[f"{name}{k}"].mT if o.bias else zero for k in areas]

        return Circuit(
            [weights[f"W{k}"] for k in range(depth)],
            biases("b", range(depth)),
            [weights[f"theta{k}"] for k in hidden],
            [weights[f"IP{k}"] for k in hidden],
            biases("bI", hidden),
            [weights[f"PI{k}"] for k in hidden],
            self._phi,
            *self._constants,
        )

    def teacher(self, signals: Mapping[str, Tensor]) -> Teacher:
        """What nudges the output; nothing where no target is given.

        Raises
        ------
        ValueError
            For a target of another shape than the output, or one that is said to be on but is not
            given.
        """
        rows, width = len(signals["stimulus"]), self.network.sizes[-1]
        on = signals.get("target_on")
        if "target" not in signals:
            if on is not None and bool((on != 0).any()):
                raise ValueError(
                    f"{REST}: target_on is not 0 but there is no target that could nudge the "
                    "output; give the signal 'target', or leave target_on away."
                )
            target, on = self.tensor(np.zeros((rows, width))), self.tensor(0.0)
        else:
            target = signals["target"]
            if target.shape != (rows, width):
                raise ValueError(
                    f"{REST}: target must have shape ({rows}, {width}), got {tuple(target.shape)}."
                )
        on = (self.tensor(1.0) if on is None else on).expand(rows, 1)
        return Teacher.shown(target, on, self._constants[1].output)

    def potentials(
        self, weights: Mapping[str, Tensor], signals: Mapping[str, Tensor]
    ) -> Potentials:
        """All potentials at rest.

        Raises
        ------
        ValueError
            For signals that do not fit.
        NoFixedPointError
            For a circuit that does not come to rest.
        """
        if "stimulus" not in signals:
            raise ValueError(f"{REST} needs the signal 'stimulus'.")
        stimulus, width = signals["stimulus"], self.network.sizes[0]
        if stimulus.ndim != 2 or stimulus.shape[1] != width:
            raise ValueError(
                f"{REST}: stimulus must have shape (batch, {width}), got {tuple(stimulus.shape)}."
            )
        c, teacher = self.circuit(weights), self.teacher(signals)
        if self.form == "recursion":
            return leaky_recursion(c, stimulus, teacher)
        # float32 has 2^29 times larger roundings
        tolerance = SETTLED_WITHIN if self.dtype == torch.float64 else 1e-5
        return rest(c, stimulus, teacher, tolerance)[0]

    def change(
        self, weights: Mapping[str, Tensor], signals: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Eqs. 7 to 10 at rest, in one presentation, averaged over the batch."""
        pairs, rates = self.products(weights, signals), self.rates
        return {
            name: rates[name] * above.mT @ below / len(below)
            for name, (above, below) in pairs.items()
            if name in rates
        }

    def products(
        self, weights: Mapping[str, Tensor], signals: Mapping[str, Tensor]
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """What meets at the synapses of every pathway, (batch, n_above) and (batch, n_below)."""
        return self._factors(self.potentials(weights, signals), signals["stimulus"])

    def advance(
        self, weights: Mapping[str, Tensor], signals: Mapping[str, Tensor], scale: float = 1.0
    ) -> None:
        """Add ``scale`` times :meth:`change` to the weights, in place."""
        pairs = self.products(weights, signals)
        for name, rate in self.rates.items():
            above, below = pairs[name]
            weights[name].addmm_(above.mT, below, alpha=scale * rate / len(below))

    def factors(self, signals: Given) -> dict[str, tuple[Tensor, Tensor]]:
        """What meets at every plastic synapse, without the rate."""
        shown = self._shown(signals)
        found = self.products(self.tensors(), shown)
        return {name: found[name] for name in self.rates}

    def equilibrium(self, signals: Given, weights: WeightBundle | None = None) -> Values:
        """Every potential and rate, and what its rules compare, of all populations."""
        shown = self._shown(signals)
        p, phi = self.potentials(self.tensors(weights), shown), self._phi
        names = self.network.layers
        found: dict[tuple[str, str], Tensor] = {("u", names[0]): shown["stimulus"]}
        for k, name in enumerate(names[1:]):
            found |= _soma(name, p.u[k], p.v_hat[k], phi) | {("v_B", name): p.v_B[k]}
        for k, name in enumerate(names[1:-1]):
            found["feedback", name], found["lateral", name] = p.feedback[k], p.lateral[k]
            found["v_A", name], found["unexplained", name] = p.v_A[k], -p.v_A[k]
            beside = interneuron_name(k + 1)
            found |= _soma(beside, p.u_I[k], p.v_hat_I[k], phi) | {("v", beside): p.v[k]}
        return {key: value.numpy(force=True) for key, value in found.items()}

    @cached_property
    def _phi(self) -> Phi:
        return quick_function(self.network.activation)

    @cached_property
    def _constants(self) -> tuple[DendriticGains, NudgingShares]:
        return self.network.options.gains, self.network.options.shares

    def _shown(self, signals: Given) -> dict[str, Tensor]:
        found = {}
        for name, value in signals.items():
            array = np.atleast_2d(np.asarray(value, dtype=np.float64))
            found[name] = self.tensor(finite_array(REST, name, array, ("batch", "n")))
        return found

    @property
    def rates(self) -> dict[str, float]:
        """The rate of every pathway that has a rule."""
        rules = {p.name: p.rule for p in self.network.pathways if p.rule is not None}
        return {name: float(np.asarray(r.parameters["eta"])) for name, r in rules.items()}

    def _factors(self, p: Potentials, r_0: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Both factors of every pathway's rule, (batch, n_above) and (batch, n_below)."""
        always = torch.full_like(r_0[:, :1], self.network.options.bias)
        return rule_factors(p, self._phi, r_0, always)


def _soma(name: str, u: Tensor, v_hat: Tensor, phi: Phi) -> dict[tuple[str, str], Tensor]:
    """What a soma and its dendrite's prediction have at rest."""
    r, predicted = phi(u), phi(v_hat)
    values = {"u": u, "r": r, "v_hat": v_hat, "predicted": predicted, "surprise": r - predicted}
    return {(variable, name): value for variable, value in values.items()}
