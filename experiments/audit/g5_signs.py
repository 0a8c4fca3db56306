"""G5: whether what is sent, and what weights do with it, has one sign."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from experiments.audit import g1_reads
from experiments.audit.audit_test import AuditTest, TestOutcome
from experiments.audit.controls import KNOWN_LEARNERS, KNOWN_NETWORKS, controls
from experiments.audit.g1_reads import reads_of
from experiments.audit.g4_axons import sent_by_network
from experiments.audit.subjects import Audited
from experiments.lab.random_signals import signal_sizes
from models import Network
from rate_bridge.audit.evidence import verdict_of
from rate_bridge.audit.program import HeldPass, Learner, batch, made, roles
from rate_bridge.audit.reads import Reads
from rate_bridge.audit.transport import TRANSPORT_SIZES
from rate_bridge.references.numerical import Numerical

SAMPLES = 40


def measure(subject: Audited, seed: int = 0) -> TestOutcome:
    """Shares of what is sent that is below what is sent in silence, and of cells of both signs."""
    if subject.kind == "model":
        numbers = of_network(subject.network(seed=seed), reads_of(subject, seed)[0], seed)
        run = controls(_network_control, 0, {"dll": "fails"}, "share below silence")
    else:
        numbers = of_learner(subject.learner, seed)
        run = controls(_control, 0, {"dll-minus": "fails"}, "share below silence")
    below = numbers["share of what is sent that is below its value in silence"]
    both = numbers["share of cells whose weights have both signs"]
    why = (
        f"{100 * below:.0f} % of what is sent is below its value in silence, and "
        f"{100 * both:.0f} % of cells excite some cells and inhibit others."
    )
    return TestOutcome(verdict_of(below > 0 or both > 0), why, numbers, run)


def of_learner(learner: Learner, seed: int = 0) -> dict[str, float]:
    """Of activities that inner layers take, and of errors that they send down."""
    inputs, labels = batch(TRANSPORT_SIZES, SAMPLES, seed)
    model = made(learner, TRANSPORT_SIZES, seed)
    silent = HeldPass(model, torch.zeros_like(inputs), labels)
    held = HeldPass(model, inputs, labels)
    step = held.step()
    values, quiet = [], []
    for path in held.layers[1:]:
        values.append(held.activity[path].detach())
        quiet.append(silent.activity[path].detach())
        if path in step.sent and bool(step.sent[path].any()):
            values.append(-step.sent[path])
            quiet.append(torch.zeros_like(step.sent[path]))
    weights = [
        held.parameters[name].detach()
        for name in roles(model, inputs).forward
        if held.parameters[name].dim() == 2
    ]
    return _shares(values, quiet, weights[1:])


def of_network(network: Network, found: Reads, seed: int = 0) -> dict[str, float]:
    """Of what cells send at rest while random signals are shown, and while none is.

    Raises
    ------
    ValueError
        For a network that does not come to rest.
    """
    generator = np.random.default_rng(seed)
    sizes = signal_sizes(network)
    signals = {name: generator.normal(size=(SAMPLES, n)) for name, n in sizes.items()}
    reference = Numerical(network)
    shown = reference.equilibrium(signals)
    silent = reference.equilibrium({name: np.zeros((1, n)) for name, n in sizes.items()})
    values, quiet, weights = [], [], []
    for owner, names in sent_by_network(network, found).items():
        if not network.population(owner).neuron.states:
            continue
        for name in names:
            values.append(torch.as_tensor(shown[name, owner]))
            quiet.append(torch.as_tensor(silent[name, owner]).expand_as(values[-1]))
        leaving = [p for p in network.pathways if p.pre == owner]
        parts = [
            network.weights[p.name] if p.upward else network.weights[p.name].T for p in leaving
        ]
        weights.append(torch.as_tensor(np.concatenate(parts)))
    return _shares(values, quiet, weights)


def _shares(values: list[Tensor], quiet: list[Tensor], weights: list[Tensor]) -> dict[str, float]:
    """Weights are (cells that receive, cells that send)."""
    all_values = torch.cat([value.flatten() for value in values]) if values else torch.zeros(1)
    rest = torch.cat([value.flatten() for value in quiet]) if quiet else torch.zeros(1)
    both = torch.cat([((w > 0).any(0) & (w < 0).any(0)).double() for w in weights] or [rest * 0])
    return {
        "share of what is sent that is below 0": float((all_values < 0).double().mean()),
        "share of what is sent that is below its value in silence": float(
            (all_values < rest - 1e-9).double().mean()  # a thousand times the root finder's error
        ),
        "largest value in silence": float(rest.abs().max()),
        "share of cells whose weights have both signs": float(both.mean()),
    }


@cache
def _control(name: str) -> float:
    found = of_learner(KNOWN_LEARNERS[name])
    return found["share of what is sent that is below its value in silence"]


@cache
def _network_control(name: str) -> float:
    network = KNOWN_NETWORKS[name]()
    found = of_network(network, g1_reads.of_network(network)[0])
    return found["share of what is sent that is below its value in silence"]


SIGNS = AuditTest(
    "G5",
    "signs",
    "What a cell sends has one sign: it is never below what it sends in silence; and all its "
    "weights have one sign (Dale).",
    0,
    "one value below silence needs a resting rate or a second cell to carry it",
    measure,
)
