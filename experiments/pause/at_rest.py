r"""What a microcircuit would learn if it were always at rest but for the trace of every switch.

After a switch the stimulus' filter still holds a share q = exp(-t/tau_0) of what was shown before,
and all other stages are quick beside it: the circuit rests at every instant, at that mixture of
stimuli, with the new target. Each soma follows its rest with its own time constant, one over its
conductances, and is behind it by

.. math::

    \phi(u^{rest}) - \phi(u) \approx \frac{\tau_k}{\tau_0 - \tau_k}
        (e^{-t/\tau_0} - e^{-t/\tau_k}) \, \Delta\phi

after a change of its rest by Delta phi: in basal dendrites, interneurons and apical dendrites that
is an error that nobody made. What it teaches is its product with a rate that is on its way, too,
r_new - exp(-t/tau_0) Delta r. Integrated from the end of a pause s on, with E = exp(-s/tau_0) and
e = exp(-s/tau_k):

.. math::

    \frac{\tau_k}{\tau_0 - \tau_k} \, \Delta\phi \Big[ (\tau_0 E - \tau_k e) \, r_{new}
        - \Big( \frac{\tau_0}{2} E^2 - \frac{\tau_0 \tau_k}{\tau_0 + \tau_k} E e \Big)
        \, \Delta r \Big]^T

For tau_k much below tau_0 that is tau_k E Delta phi (r_new - E Delta r/2). Without a pause its mean
over independent stimuli is then zero, as that of any process times its own derivative.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from brian2 import Quantity, ms
from jaxtyping import Float
from torch import Tensor

from experiments.lab.continuous_learning import accuracies, orders
from experiments.pause.learning import PauseTask
from models import MicrocircuitNetwork, WeightBundle
from rate_bridge.ode_engine.activations import torch_activation
from rate_bridge.references.microcircuit import Microcircuit
from rate_bridge.references.microcircuit_rest import (
    Circuit,
    Phi,
    Potentials,
    Teacher,
    leaky_recursion,
    rule_factors,
)

FactorProducts = dict[str, Float[Tensor, "copy _above _below"]]


@dataclass(frozen=True)
class Switches:
    """Copies that differ in their pause.

    Parameters
    ----------
    task : PauseTask
        What they learn.
    pauses_ms : tuple of float or None
        Each with all seeds; None is learning at rest alone.
    seeds : tuple of int
        For initial weights and the order of the samples.
    """

    task: PauseTask
    pauses_ms: tuple[float | None, ...]
    seeds: tuple[int, ...]


def learned_at_rest(switches: Switches) -> dict[str, Any]:
    """Learn, and report validation and test accuracy and how large a switch is beside an error.

    Returns
    -------
    dict
        ``pauses_ms``; ``validation`` and ``test`` (pause, seed); ``contrast`` (pause, seed), the
        root mean square of the change of v_hat of the first hidden area over that of u - v_hat,
        in the last quarter of learning.
    """
    run = _Run(switches)
    for number in range(switches.task.count):
        run.learn(number)
    shape = (len(switches.pauses_ms), len(switches.seeds))
    nets, bundles, data = [run.net] * len(run.seeds), run.bundles(), switches.task.data
    return {
        "pauses_ms": switches.pauses_ms,
        "validation": np.reshape(accuracies(nets, bundles, data.validation), shape),
        "test": np.reshape(accuracies(nets, bundles, data.test), shape),
        "contrast": np.reshape(run.contrast().numpy(), shape),
    }


def soma_lag_ms(task: PauseTask) -> float:
    """The time constant of hidden pyramidal neurons."""
    network = task.network((), 0)
    assert isinstance(network, MicrocircuitNetwork)
    return _tau(network.options.g_lk, network.options.g_B, network.options.g_A)


class _Run:
    """Weights of all copies, and what each stream was shown last."""

    def __init__(self, switches: Switches) -> None:
        self.task = task = switches.task
        self.seeds = [seed for _ in switches.pauses_ms for seed in switches.seeds]
        nets = [task.network((), seed) for seed in self.seeds]
        assert isinstance(nets[0], MicrocircuitNetwork)
        self.net = nets[0]
        self.reference = Microcircuit(self.net, torch.float32)
        self.phi = torch_activation(self.net.activation).function
        self.weights = {
            name: torch.stack([self.reference.tensor(net.weights[name]) for net in nets])
            for name in self.net.weights
        }
        shown_ms, filtered = task.presentation_ms, self.net.options.tau_0
        endless = 1e3 * shown_ms  # nothing is left behind it
        pauses = [endless if each is None else each for each in switches.pauses_ms]
        pause = torch.tensor(pauses).repeat_interleave(len(switches.seeds))
        self.pause = pause[:, None, None]
        self.window = torch.where(self.pause < shown_ms, shown_ms - self.pause, shown_ms)
        self.tau_0 = 0.0 if filtered is None else float(filtered / ms)
        data = task.data
        self.inputs = self.reference.tensor(data.train.inputs)
        self.targets = self.reference.tensor(task.target(data.train.labels))
        rows = orders(data, self.seeds, task.epochs, task.batch)
        self.rows = torch.as_tensor(rows)
        shape = (len(self.seeds), task.batch, len(self.inputs.T))
        self.held = torch.zeros(shape)
        self.before: Potentials | None = None
        self.sums = torch.zeros(2, len(self.seeds))

    def learn(self, number: int) -> None:
        """One presentation."""
        scale = self.task.rate_at(number)
        for name, change in self.change(number).items():
            self.weights[name] += self.reference.rates[name] * scale * change

    def change(self, number: int) -> FactorProducts:
        """What a presentation teaches, without rates; the next one comes after it."""
        task = self.task
        shown = self.rows[:, number * task.batch : (number + 1) * task.batch]
        new, share = self.inputs[shown], self.net.options.shares.output
        teacher = Teacher.shown(self.targets[shown], torch.ones(*shown.shape, 1), share)
        change, final = self._change(self.reference.circuit(self.weights), new, teacher)
        passed = torch.exp(-(self.pause + self.window) / self.tau_0)
        self.held = new + passed * (self.held - new)
        if self.before is not None and task.rate_at(number) == task.rate_at(task.count):
            moved = final.v_hat[0] - self.before.v_hat[0]
            error = final.u[0] - final.v_hat[0]
            self.sums += torch.stack([(x**2).sum((1, 2)) for x in (moved, error)])
        self.before = final
        return change

    def _change(
        self, circuit: Circuit, new: Tensor, teacher: Teacher
    ) -> tuple[FactorProducts, Potentials]:
        """Mean products of all rules in the window, and the rest that is reached."""
        first = torch.exp(-self.pause / self.tau_0)
        last = first * torch.exp(-self.window / self.tau_0)
        middle = (first + last) / 2

        def at(share: Tensor | float) -> tuple[Potentials, Tensor]:
            mixed = new + share * (self.held - new)
            return leaky_recursion(circuit, mixed, teacher), mixed

        final, r_new = at(0.0)
        rest, path = self._products(final, r_new), self._products(*at(middle))
        # q changes by first - last in the window, and its mean there over q in the middle is
        weight = self.tau_0 * (first - last) / (self.window * middle.clamp_min(1e-30))
        found = {name: rest[name] + weight * (path[name] - rest[name]) for name in rest}
        for name, missed in self._missed(circuit, at(1.0)[0], final, new).items():
            found[name] = found[name] - missed / self.task.batch / self.window
        return found, final

    def _products(self, p: Potentials, r: Tensor) -> FactorProducts:
        always = torch.full_like(r[..., :1], self.net.options.bias)
        factors = rule_factors(p, self.phi, r, always)
        return {
            name: above.mT @ below / self.task.batch
            for name in self.reference.rates
            for above, below in (factors[name],)
        }

    def _missed(
        self, circuit: Circuit, held: Potentials, final: Potentials, new: Tensor
    ) -> FactorProducts:
        """What the window misses of every product, as rates are behind their rest; in ms."""
        phi, o, depth = self.phi, self.net.options, len(circuit.W)
        old = held if self.before is None else self.before
        behind = [torch.zeros(())] * depth
        taus = [_tau(o.g_lk, o.g_B, o.g_A)] * (depth - 1) + [_tau(o.g_lk, o.g_B, o.g_som)]
        rates = [(self.held, new)]
        rates += [(phi(a), phi(b)) for a, b in zip(held.u[:-1], final.u[:-1], strict=True)]
        behind[-1] = self._behind(taus[-1], old.u[-1], held.u[-1], final.u[-1], phi)
        found: FactorProducts = {}
        for k in reversed(range(depth)):
            if k < depth - 1:
                g_D = o.interneuron_dendrite(below_output=k == depth - 2)
                own = _tau(o.g_lk, g_D, o.g_som), old.u_I[k], held.u_I[k], final.u_I[k], phi
                beside = self._behind(*own) + circuit.beside(k)[1] * behind[k + 1]
                apical = behind[k + 1] @ circuit.theta[k] + beside @ circuit.PI[k]
                slope = rates[k + 1][1] * (1 - rates[k + 1][1])
                found |= self._met(f"IP{k + 1}", f"bI{k + 1}", beside, *rates[k + 1])
                behind[k] = self._behind(taus[k], old.u[k], held.u[k], final.u[k], phi)
                behind[k] = behind[k] + circuit.shares.hidden * slope * apical
            found |= self._met(f"W{k}", f"b{k}", behind[k], *rates[k])
        return {name: found[name] for name in self.reference.rates if name in found}

    def _behind(self, tau: float, old: Tensor, held: Tensor, new: Tensor, phi: Phi) -> Tensor:
        """Integrals of what a rate is behind: itself, times exp(-t/tau_0), and at the switch."""
        tau_0 = self.tau_0
        slow, quick = torch.exp(-self.pause / tau_0), torch.exp(-self.pause / tau)
        alone = tau_0 * slow - tau * quick
        fading = tau_0 / 2 * slow**2 - tau_0 * tau / (tau_0 + tau) * slow * quick
        change = tau / (tau_0 - tau) * (phi(new) - phi(held))
        return torch.stack([alone * change, fading * change, tau * quick * (phi(held) - phi(old))])

    def _met(
        self, name: str, bias: str, behind: Tensor, r_old: Tensor, r_new: Tensor
    ) -> FactorProducts:
        """The products with a pathway's rate on its way, and with what biases send."""
        alone, fading, at_once = behind
        met = alone.mT @ r_new - fading.mT @ (r_new - r_old) + at_once.mT @ r_old
        always = (alone + at_once).sum(-2)[..., None] * self.net.options.bias
        return {name: met, bias: always}

    def bundles(self) -> list[WeightBundle]:
        """The weights of every copy."""
        return [
            WeightBundle({name: w[copy].double().numpy() for name, w in self.weights.items()})
            for copy in range(len(self.seeds))
        ]

    def contrast(self) -> Float[Tensor, "copy"]:
        """How large a switch is beside an error."""
        moved, error = self.sums
        return (moved / error).sqrt()


def _tau(*conductances: Quantity) -> float:
    """The time constant of a soma with these conductances, in ms."""
    return float(1 / (sum(conductances[1:], conductances[0]) * ms))
