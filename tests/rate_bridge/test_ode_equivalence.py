"""The contract between the engines: the same description gives the same numbers."""

import pytest
from brian2 import ms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ode_cases import (
    OPTIONS,
    RULES,
    all_variables,
    odd_network,
    option_network,
    rule_named,
    schedule_for,
)

from experiments.equivalence.descriptions import CASES, COMPARISONS, METHODS, methods
from experiments.equivalence.experiment import SAME_WITHIN, Config, compared, measure
from models.brian_engine import simulate
from models.network import Network
from models.schedule import Schedule
from rate_bridge import ode_engine


def largest_difference(
    net: Network, schedule: Schedule, method: str = "euler", deferred: bool = True
) -> float:
    """The largest difference of any recorded variable, any weight, at any time."""
    settings = {"record": all_variables(net), "method": method, "weights_at": [20 * ms, 75 * ms]}
    brian = simulate(net, schedule, dt=1 * ms, **settings)
    torch = ode_engine.simulate(net, schedule, dt=1 * ms, deferred=deferred, **settings)
    assert set(brian.traces) == set(torch.traces)
    assert brian.traces.sizes == torch.traces.sizes
    differences = [float(abs(brian.traces[v] - torch.traces[v]).max()) for v in brian.traces]
    for name in brian.weights:
        differences += [
            abs(brian.weights[name] - torch.weights[name]).max(),
            float(abs(brian.weight_history[name] - torch.weight_history[name]).max()),
        ]
    moved = max(abs(brian.weights[name] - net.weights[name]).max() for name in net.weights)
    assert moved > 1e-4 or not net.is_plastic  # a test of plasticity in which nothing moves is none
    return max(differences)


ALTERNATING = [(name, METHODS[k % 2]) for k, name in enumerate(OPTIONS)]


@pytest.mark.parametrize(("name", "method"), ALTERNATING)  # all pairs in the slow test
def test_every_option_runs_alike(name: str, method: str) -> None:
    net = option_network(name)
    assert largest_difference(net, schedule_for(net), method) < SAME_WITHIN


@pytest.mark.parametrize("name", CASES)
def test_every_other_network_runs_alike(name: str) -> None:
    row = compared(Config(sizes=(5, 4, 3), presentations=5, steps=30), name, METHODS[0])
    assert max(row["states"], row["weights"]) < SAME_WITHIN
    assert row["weights_moved"] > 1e-4  # else nothing was compared


@pytest.mark.parametrize("rule", RULES)
def test_any_rule_runs_alike(rule: str) -> None:
    net = odd_network(rule_named(rule))
    assert largest_difference(net, schedule_for(net)) < SAME_WITHIN


def test_a_blank_and_no_lag_run_alike() -> None:
    net = option_network("matched, filtered")
    schedule = schedule_for(net, lag=0 * ms, blank=20 * ms)
    assert largest_difference(net, schedule) < SAME_WITHIN


def test_gathered_weights_are_those_written_at_every_step() -> None:
    net = option_network("paper")
    assert largest_difference(net, schedule_for(net), deferred=False) < SAME_WITHIN


@given(
    name=st.sampled_from(sorted(OPTIONS)),
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    tau_a_ms=st.floats(3, 30),
    tau_x_ms=st.floats(3, 30),
    eta_W=st.floats(0, 0.2),
    lag_steps=st.integers(0, 30),
    seed=st.integers(0, 1000),
)
@settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
def test_random_networks_run_alike(
    name: str,
    sizes: list[int],
    tau_a_ms: float,
    tau_x_ms: float,
    eta_W: float,
    lag_steps: int,
    seed: int,
) -> None:
    times = {"tau_a": tau_a_ms * ms, "tau_x": tau_x_ms * ms}
    net = option_network(name, tuple(sizes), eta_W=0.05 + eta_W, **times)
    schedule = schedule_for(net, 3, seed, lag=lag_steps * ms)
    assert largest_difference(net, schedule) < SAME_WITHIN


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), [(n, m) for n in COMPARISONS for m in methods(n)])
def test_every_option_runs_alike_for_long(name: str, method: str) -> None:
    row = compared(Config(presentations=5), name, method)
    assert row["steps"] >= 2000
    assert max(row["states"], row["weights"]) < SAME_WITHIN


def test_a_model_from_a_file_is_compared_with_its_own_noise(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from brian2 import ms\n"
        "from compartments import Compartment, Neuron\n"
        "from models import Network, Population, WeightBundle\n"
        "def noisy():\n"
        "    equations = 'dv/dt = (stimulus - v)/tau + 0.1*tau**-0.5*xi : 1\\nstimulus : 1'\n"
        "    cell = Neuron('cell', (Compartment('soma', equations),), {'tau': 20 * ms})\n"
        "    return Network((Population('cells', 4, cell),), (), WeightBundle({}))\n"
    )
    config = Config(model=f"{path}:noisy", presentations=2, steps=50)
    (row,) = measure(config, tmp_path, lambda share: None)["rows"]
    assert row["method"] == "euler"  # white noise takes Euler-Maruyama steps
    assert row["states"] < SAME_WITHIN
    assert row["steps"] == 100
