"""The numerical reference: against Algorithm 1, autograd, long integration, and closed forms."""

import numpy as np
import pytest
import torch
from brian2 import ms

from compartments import Compartment, Neuron, PlasticityRule
from models import (
    Network,
    Pathway,
    Population,
    Schedule,
    WeightBundle,
    dll_network,
    no_autapses,
    simulate,
)
from rate_bridge.references import algorithm1
from rate_bridge.references.fixed_point import NoFixedPointError
from rate_bridge.references.numerical import Numerical

SIZES = (5, 4, 3, 2)
GENERATOR = np.random.default_rng(3)
INPUTS, TARGETS = GENERATOR.normal(size=(6, 5)), GENERATOR.normal(size=(6, 2))
SIGNALS = {"stimulus": INPUTS, "target": TARGETS, "target_on": 1.0}

OPTIONS = [
    {},
    {"activation": "logistic"},
    {"activation": "linear", "beta": 0.5},
    {"beta": 0.5, "matched_soma": True, "filtered_target": True},
    {"theta_rule": "kp", "decay": 1.0, "bias": True},
    {"theta_rule": "plus", "tau_w": 30 * ms},
]


def transposed(network):
    """The network with Theta := W."""
    arrays = dict(network.weights)
    arrays |= {f"theta{i}": arrays[f"W{i}"] for i in range(1, len(network.sizes) - 1)}
    return network.with_weights(WeightBundle(arrays))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_its_rest_is_algorithm_1(options):
    network = dll_network(SIZES, seed=2, **options)
    found = Numerical(network).fixed_point(SIGNALS)
    for (variable, layer), expected in (
        algorithm1.Algorithm1(network).equilibrium({"stimulus": INPUTS, "target": TARGETS}).items()
    ):
        # a thousand times Newton's tolerance: errors grow through three layers
        np.testing.assert_allclose(
            found.instant(layer, variable), expected, atol=1e-10, err_msg=f"{variable} {layer}"
        )
    assert bool(found.stable.all())
    # block triangular with -1/tau on the diagonal: the slowest is tau_u = 10 ms
    torch.testing.assert_close(found.growth_hz, torch.full((6,), -100.0, dtype=torch.float64))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_its_step_is_algorithm_1s(options):
    network = dll_network(SIZES, seed=2, eta_W=0.3, eta_theta=0.2, **options)
    discrete = algorithm1.Algorithm1(network)
    expected = discrete.change(
        discrete.tensors(network.weights),
        {"stimulus": torch.tensor(INPUTS), "target": torch.tensor(TARGETS)},
    )
    found = Numerical(network).step(SIGNALS)
    assert set(found) == {name for name in expected if name in found}
    for name, change in expected.items():
        if name in found:
            np.testing.assert_allclose(found[name], change, atol=1e-10, err_msg=name)
    assert {f"W{i}" for i in range(3)} <= set(found)


@pytest.mark.parametrize("activation", ["tanh", "logistic", "linear"])
def test_gradient_at_theta_equal_to_W_is_autograds_and_algorithm_1s(activation):
    network = transposed(dll_network(SIZES, seed=4, activation=activation, eta_W=1.0))
    targets = torch.tensor(TARGETS)

    def loss(instant):
        return 0.5 * (targets - instant("output", "u")).square().sum(-1)

    found = Numerical(network).gradient(loss, {"stimulus": INPUTS})
    discrete = algorithm1.Algorithm1(network)
    steps = discrete.change(
        discrete.tensors(network.weights), {"stimulus": torch.tensor(INPUTS), "target": targets}
    )
    weights = {k: v.requires_grad_() for k, v in discrete.tensors(network.weights).items()}
    u = torch.tensor(INPUTS)
    for i, f in enumerate(discrete.activations):
        u = f.function(u @ weights[f"W{i}"].T)
    (0.5 * (targets - u).square().sum()).backward()
    for i in range(3):
        np.testing.assert_allclose(found[f"W{i}"], weights[f"W{i}"].grad, atol=1e-8)
        # Algorithm 1 ascends, and averages over the batch of six
        np.testing.assert_allclose(found[f"W{i}"], -6 * steps[f"W{i}"], atol=1e-8)
    assert not found["theta1"].any()  # no target, no error: Theta does not enter


RECURRENT = "dv/dt = (tanh(drive + lateral) - v)/tau : 1\ndrive : 1\nlateral : 1"


def recurrent(strength, size=4):
    """An input and one population whose neurons act on each other, tanh, tau 10 ms."""
    source = Neuron(
        "source",
        (Compartment("c", "u = stimulus : 1 (constant over dt)\nstimulus : 1"),),
    )
    cell = Neuron(
        "cell",
        (
            Compartment(
                "soma", "dv/dt = (tanh(drive + lateral) - v)/tau : 1\ndrive : 1\nlateral : 1"
            ),
        ),
        {"tau": 10 * ms},
    )
    matrix = strength * np.random.default_rng(1).normal(size=(size, size)) / np.sqrt(size)
    weights = {"up": np.random.default_rng(0).normal(size=(size, 3)), "around": matrix}
    return Network(
        (Population("input", 3, source), Population("layer", size, cell)),
        (
            Pathway("up", "input", "layer", "drive", "u"),
            Pathway("around", "layer", "layer", "lateral", "v"),
        ),
        WeightBundle(weights),
    )


def test_lateral_recurrence_rests_where_long_integration_ends():
    network = recurrent(0.8)
    stimulus = np.array([[0.4, -0.2, 0.9]])
    # Euler keeps the fixed point exactly; the slowest mode decays by e^-60 and more
    run = simulate(
        network,
        Schedule({"stimulus": stimulus}, presentation=3000 * ms),
        record=("v",),
        record_dt=1000 * ms,
    )
    rest = Numerical(network).fixed_point({"stimulus": stimulus})
    assert float(rest.growth_hz) < -20
    np.testing.assert_allclose(rest.instant("layer", "v")[0], run.traces.v_layer[-1], atol=1e-8)


def test_gradient_through_recurrence_is_that_of_finite_differences():
    network = recurrent(0.8)
    signals = {"stimulus": np.array([[0.4, -0.2, 0.9], [1.0, 0.3, 0.0]])}
    reference = Numerical(network)

    def loss(instant):
        return instant("layer", "v").square().sum(-1) + instant("layer", "drive").sum(-1)

    def value(name, place, shift):
        arrays = {key: np.array(array) for key, array in network.weights.items()}
        arrays[name][place] += shift
        return float(loss(reference.fixed_point(signals, WeightBundle(arrays)).instant).sum())

    found = reference.gradient(loss, signals)
    for name, place in (("up", (1, 2)), ("around", (0, 3)), ("around", (2, 2))):
        h = 1e-5  # central differences: h^2 and rounding/h are both about 1e-10
        slope = (value(name, place, h) - value(name, place, -h)) / (2 * h)
        assert found[name][place] == pytest.approx(slope, abs=1e-8)


def bistable(gain):
    cell = Neuron(
        "cell",
        (Compartment("soma", "dv/dt = (tanh(lateral) - v)/tau : 1\nlateral : 1"),),
        {"tau": 10 * ms},
    )
    return Network(
        (Population("one", 1, cell),),
        (Pathway("around", "one", "one", "lateral", "v"),),
        WeightBundle({"around": np.array([[gain]])}),
    )


def test_several_starts_find_several_fixed_points_and_which_are_stable():
    found = Numerical(bistable(2.0)).equilibria({})
    values = sorted((float(rest.states), bool(rest.stable)) for rest in found)
    # v = tanh(2v): 0 and +-0.957504...
    assert [round(value, 6) for value, _ in values] == [-0.957504, 0.0, 0.957504]
    assert [stable for _, stable in values] == [True, False, True]
    assert len(Numerical(bistable(0.5)).equilibria({})) == 1


def test_a_rest_that_is_left_is_said():
    rest = Numerical(bistable(2.0)).fixed_point({})
    assert float(rest.growth_hz) == pytest.approx((2 - 1) / 0.01)  # (gain - 1)/tau at v = 0
    assert not bool(rest.stable)


def without_rest():
    cell = Neuron("cell", (Compartment("soma", "dv/dt = (v**2 + 1)/tau : 1"),), {"tau": 10 * ms})
    return Network((Population("one", 1, cell),), (), WeightBundle({}))


def test_no_fixed_point_is_named():
    with pytest.raises(NoFixedPointError, match=r"No fixed point from this start: .* sample 0"):
        Numerical(without_rest()).fixed_point({})


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        ({"stimulas": 1.0}, "stimulas.*stimulus"),
        ({"stimulus": np.ones((2, 4))}, r"expected \(batch, 5\), got \(2, 4\)"),
        ({"stimulus": np.full((1, 5), np.nan)}, "must be finite"),
        ({"stimulus": np.ones((2, 5)), "target": np.ones((3, 2))}, "rows"),
    ],
)
def test_signals_that_do_not_fit_are_refused(signals, message):
    with pytest.raises(ValueError, match=message):
        Numerical(dll_network(SIZES)).fixed_point(signals)


def test_what_never_rests_is_refused():
    cell = Neuron("cell", (Compartment("soma", "dv/dt = (t/tau - v)/tau : 1"),), {"tau": 10 * ms})
    network = Network((Population("one", 1, cell),), (), WeightBundle({}))
    with pytest.raises(ValueError, match="contains 't', so the network does not come to rest"):
        Numerical(network)


def test_too_many_states_are_refused():
    with pytest.raises(ValueError, match="GiB a sample"):
        Numerical(dll_network((3, 2000, 2)))


HEBB = PlasticityRule("hebb", "dw/dt = learning*v_post*v_pre : 1")


def laterally_plastic(**wiring):
    """Three driven cells that act on each other through plastic synapses."""
    part = Compartment(
        "soma", "dv/dt = (stimulus + lateral - v)/tau : 1\nlateral : 1\nstimulus : 1"
    )
    cells = Population("cells", 3, Neuron("cell", (part,), {"tau": 10 * ms}))
    path = Pathway("around", "cells", "cells", "lateral", "v", HEBB, **wiring)
    weights = np.where(no_autapses(3), 0.1, 0.0)
    return Network((cells,), (path,), WeightBundle({"around": weights}))


def test_a_step_ends_at_the_bounds_and_absent_synapses_stay_absent():
    signals = {"stimulus": np.array([[1.0, -0.5, 0.3]])}
    free = Numerical(laterally_plastic()).step(signals)["around"]
    network = laterally_plastic(bounds=(0.0, 0.2), mask=no_autapses(3))
    held = Numerical(network).step(signals)["around"]
    weights, synapses = network.weights["around"], no_autapses(3)
    stopped = np.clip(weights + free, 0.0, 0.2)
    assert {stopped[synapses].min(), stopped[synapses].max()} == {0.0, 0.2}
    np.testing.assert_array_equal(held, np.where(synapses, stopped - weights, 0))
    assert np.diag(free).all()
    gradient = Numerical(network).gradient(lambda at: at("cells", "v").sum(-1), signals)
    assert not np.diag(gradient["around"]).any()


def delayed_loop(weight):
    """Cells without a state that act on each other, 3 ms later."""
    part = Compartment(
        "soma", "v = tanh(drive) + stimulus : 1 (constant over dt)\ndrive : 1\nstimulus : 1"
    )
    cells = Population("cells", len(weight), Neuron("cell", (part,)))
    path = Pathway("around", "cells", "cells", "drive", "v", delay=3 * ms)
    return Network((cells,), (path,), WeightBundle({"around": weight}))


def test_a_loop_that_a_delay_alone_breaks_rests_where_it_runs_to():
    weight = np.array([[0.5, -0.3], [0.4, 0.2]])
    stimulus = np.array([[1.0, -0.4], [0.2, 0.3]])
    network = delayed_loop(weight)
    rest = Numerical(network).fixed_point({"stimulus": stimulus})
    for row, found in zip(stimulus, rest.instant("cells", "v"), strict=True):
        plan = Schedule({"stimulus": row[None]}, presentation=600 * ms)
        run = simulate(network, plan, record=("v",))
        # |w| < 0.7: 200 rounds of the loop leave 0.7^200 = 1e-31
        np.testing.assert_allclose(run.traces.v_cells[-1], found, atol=1e-12)
    assert bool(rest.growth_hz.isnan().all())  # whether it returns is a matter of the delays
    assert not bool(rest.stable.any())


def test_gradient_through_a_loop_of_delays_is_that_of_finite_differences():
    weight, signals = np.array([[0.5, -0.3], [0.4, 0.2]]), {"stimulus": np.array([[1.0, -0.4]])}

    def loss(instant):
        return instant("cells", "v").square().sum(-1)

    found = Numerical(delayed_loop(weight)).gradient(loss, signals)["around"]
    h = 1e-5  # central differences: h^2 and rounding/h are both about 1e-10
    for place in np.ndindex(2, 2):
        shift = np.zeros((2, 2))
        shift[place] = h
        ends = [
            float(loss(Numerical(delayed_loop(weight + s)).fixed_point(signals).instant))
            for s in (shift, -shift)
        ]
        assert found[place] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)
