"""The microcircuit at rest: engine, exact rest, recursions, numerical reference, weak feedback."""

import numpy as np
import pytest
import torch
from brian2 import ms

from models import Schedule
from models.microcircuit import microcircuit_network
from models.theory import weak_feedback_surprises
from rate_bridge import ode_engine
from rate_bridge.ode_engine.activations import torch_activation
from rate_bridge.references.fixed_point import NoFixedPointError
from rate_bridge.references.microcircuit import Microcircuit
from rate_bridge.references.microcircuit_rest import leaky_recursion, paper_recursion, rest
from rate_bridge.references.numerical import Numerical
from rate_bridge.references.registry import reference

SIZES = (5, 4, 3, 2)
RANDOM = {"start": "random", "W_scale": 1.0}
NETWORKS = {
    "paper": RANDOM,
    "bias, all plastic": {**RANDOM, "bias": 0.5, "eta_theta": 0.01},
    "matched, filtered": {**RANDOM, "matched_soma": True, "filtered_target": True},
    "interneurons as fast": {"g_D": None, "W_scale": 1.0},
}


def signals(batch=6, sizes=SIZES, seed=0):
    generator = np.random.default_rng(seed)
    return {
        "stimulus": generator.normal(0, 1, (batch, sizes[0])),
        "target": generator.normal(0, 1, (batch, sizes[-1])),
        "target_on": np.arange(batch)[:, None] % 3 != 2,
    }


def network_of(**options):
    """A network whose biases, if it has any, are not 0."""
    net = microcircuit_network(SIZES, seed=1, **options)
    generator = np.random.default_rng(3)
    biases = {n: generator.normal(0, 1, a.shape) for n, a in net.weights.items() if n[0] == "b"}
    return net.with_weights(net.weights.with_arrays(**biases))


def circuit_of(net, shown):
    exact = Microcircuit(net)
    given = {name: exact.tensor(np.asarray(v, float)) for name, v in shown.items()}
    return exact.circuit(exact.tensors()), given["stimulus"], exact.teacher(given)


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_the_exact_rest_is_the_numerical_references(options):
    net = network_of(**options)
    assert isinstance(reference(net), Microcircuit)
    shown = signals()
    mine, other = Microcircuit(net).equilibrium(shown), Numerical(net).equilibrium(shown)
    worst = max(abs(mine[key] - other[key]).max() for key in mine)
    assert worst < 1e-10  # both roots are known to 1e-12
    steps, others = Microcircuit(net).step(shown), Numerical(net).step(shown)
    assert set(steps) == set(others)
    for name, step in steps.items():
        assert abs(step - others[name]).max() < 1e-10
        assert abs(step).max() > 1e-6  # else nothing was compared


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_the_engine_settles_to_the_exact_rest(options):
    net = network_of(**{**options, "tau_0": 1 * ms})
    shown = signals(3)
    schedule = Schedule(
        {"stimulus": shown["stimulus"], "target": shown["target"]}, presentation=60 * ms
    )
    found = Microcircuit(net).equilibrium({n: shown[n] for n in ("stimulus", "target")})
    run = ode_engine.simulate(
        net, schedule, dt=0.2 * ms, record=["u", "v_A", "surprise"], plastic=False
    )
    ends = np.arange(1, 4) * 300 - 1
    for (variable, population), values in found.items():
        if variable in ("u", "v_A", "surprise"):
            settled = run.traces[f"{variable}_{population}"].values[ends]
            assert abs(settled - values).max() < 1e-8  # e^(-60/1) of tau_0, and roundings


def gap(first, second, field="u"):
    return max(
        float((a - b).abs().max())
        for a, b in zip(getattr(first, field), getattr(second, field), strict=True)
    )


def test_without_target_the_leaky_recursion_is_exact_in_the_self_predicting_state():
    net = microcircuit_network(SIZES, W_scale=1.0)
    c, r_0, teacher = circuit_of(net, {"stimulus": signals()["stimulus"]})
    p, residual = rest(c, r_0, teacher)
    assert residual.max() <= 1e-13
    assert gap(leaky_recursion(c, r_0, teacher), p) < 1e-14
    assert max(float(v.abs().max()) for v in p.v_A) < 1e-10


def scaled(factor, **options):
    """All lambdas scaled together, by the conductances that nudge."""
    return microcircuit_network(
        SIZES, g_A=0.8 * factor / ms, g_som=0.8 * factor / ms, W_scale=1.0, seed=2, **options
    )


def slope(factors, values):
    return np.polyfit(np.log(factors), np.log(values), 1)[0]


def test_what_the_leaky_recursion_leaves_out_is_of_second_order():
    """It lets an apical potential move its own soma, but not what that soma then sends up."""
    factors = 2.0 ** -np.arange(6, 11)
    for options, order in (({}, 2), ({"start": "random"}, 1)):
        gaps = []
        for factor in factors:
            c, r_0, teacher = circuit_of(scaled(factor, **options), signals())
            gaps.append(gap(leaky_recursion(c, r_0, teacher), rest(c, r_0, teacher)[0]))
        assert slope(factors, gaps) == pytest.approx(order, abs=0.05)


def test_the_papers_recursion_differs_by_more_than_the_leak():
    """Its way up lets somas follow v_B, which the apical conductance divides, too."""
    gaps = {}
    for leak in (0.1, 1e-6):
        net = microcircuit_network(SIZES, g_lk=leak / ms, W_scale=1.0, seed=2)
        c, r_0, teacher = circuit_of(net, signals())
        gaps[leak] = gap(paper_recursion(c, r_0, teacher), rest(c, r_0, teacher)[0])
    assert gaps[1e-6] > 0.1 * gaps[0.1] > 1e-3
    weak = []
    for factor in (2.0**-6, 2.0**-7):
        net = microcircuit_network(
            SIZES,
            g_lk=1e-9 / ms,
            g_A=0.8 * factor / ms,
            g_som=0.8 * factor / ms,
            W_scale=1.0,
            seed=2,
        )
        c, r_0, teacher = circuit_of(net, signals())
        weak.append(gap(paper_recursion(c, r_0, teacher), rest(c, r_0, teacher)[0]))
    assert slope([2.0, 1.0], weak) == pytest.approx(1, abs=0.1)  # of order lambda without the leak


def surprises(net, shown):
    """phi(u) - phi(v_hat) of every area with a target, and by the theory of weak feedback."""
    exact = Microcircuit(net)
    c, r_0, teacher = circuit_of(net, {"stimulus": shown["stimulus"]})
    alone = rest(c, r_0, teacher)[0]
    taught = exact.equilibrium(shown)
    found = [taught["surprise", name] for name in net.layers[1:]]
    slopes = [torch_activation(net.activation).derivative(v).numpy() for v in alone.v_hat]
    s = net.options.shares
    beside = (*(s.below_hidden,) * (len(net.sizes) - 3), s.below_output)
    shares = [*(s.hidden * (1 - other) for other in beside), s.output]
    theta = [net.weights[f"theta{k}"] for k in range(1, len(net.sizes) - 1)]
    error = shown["target"] - alone.v_hat[-1].numpy()
    return found, weak_feedback_surprises(error, theta, slopes, shares)


@pytest.mark.parametrize("sizes", [(5, 4, 2), SIZES])
def test_weak_feedback_learns_by_backpropagation_through_theta(sizes):
    """Each area's update is of order lambda^(L-k+1); the theory errs by one order more."""
    factors = 2.0 ** -np.arange(6, 11)
    shown = {n: v for n, v in signals(sizes=sizes).items() if n != "target_on"}
    sizes_of, errors = [], []
    for factor in factors:
        options = {"g_A": 0.8 * factor / ms, "g_som": 0.8 * factor / ms, "W_scale": 1.0}
        found, theory = surprises(microcircuit_network(sizes, seed=2, **options), shown)
        sizes_of.append([np.abs(f).max() for f in found])
        pairs = zip(found, theory, strict=True)
        errors.append([np.abs(f - t).max() / np.abs(t).max() for f, t in pairs])
    depth = len(sizes) - 1
    for k in range(depth):
        size, error = ([row[k] for row in table] for table in (sizes_of, errors))
        assert slope(factors, size) == pytest.approx(depth - k, abs=0.05)
        assert slope(factors, error) == pytest.approx(1, abs=0.05)


def test_bad_signals_are_named():
    exact = Microcircuit(microcircuit_network(SIZES))
    with pytest.raises(ValueError, match="target_on is not 0 but there is no target"):
        exact.equilibrium({"stimulus": np.zeros((1, 5)), "target_on": np.ones((1, 1))})
    with pytest.raises(ValueError, match=r"stimulus must have shape \(batch, 5\), got \(1, 4\)"):
        exact.equilibrium({"stimulus": np.zeros((1, 4))})
    with pytest.raises(ValueError, match=r"target must have shape \(1, 2\), got \(1, 3\)"):
        exact.equilibrium({"stimulus": np.zeros((1, 5)), "target": np.zeros((1, 3))})


def test_a_circuit_without_rest_is_named():
    """Top-down excitation that runs away: a linear soma of gain above 1."""
    net = microcircuit_network((2, 2, 2), activation="linear", start="random", W_scale=20.0)
    with pytest.raises(NoFixedPointError, match=r"did not come to rest: .* sample 0 still"):
        Microcircuit(net).equilibrium({"stimulus": np.ones((1, 2))})


def test_one_bottom_up_pathway_alone_is_a_microcircuit():
    net = microcircuit_network((3, 2))
    shown = {"stimulus": np.ones((2, 3)), "target": np.ones((2, 2))}
    mine, other = Microcircuit(net).equilibrium(shown), Numerical(net).equilibrium(shown)
    assert max(abs(mine[key] - other[key]).max() for key in mine) < 1e-12


def test_single_precision_comes_to_rest():
    net = microcircuit_network(SIZES, **RANDOM)
    single, double = (
        r.equilibrium(signals()) for r in (Microcircuit(net).single, Microcircuit(net))
    )
    assert single["u", "output"].dtype == np.float32
    assert abs(single["u", "output"] - double["u", "output"]).max() < 1e-4
    assert torch.get_default_dtype() == torch.float32
