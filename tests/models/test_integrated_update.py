"""theory.md 3: what the weights integrate over a switch, in closed form, for every remedy.

In the torch engine, which is Brian2 to 1e-12 at every step (test_ode_equivalence) and ten times as
fast for so small a network.
"""

import numpy as np
import pytest
from brian2 import ms
from dll_cases import schedule_of, shown, small_network

from models.theory import integrated_errors
from rate_bridge.ode_engine import simulate
from rate_bridge.references import algorithm1

TAU_U, TAU_A, TAU_X = 10.0, 8.0, 5.0
DT = 1.0


def linear(**options):
    return small_network(
        activation="linear", tau_u=TAU_U * ms, tau_a=TAU_A * ms, tau_x=TAU_X * ms, **options
    )


def measured(network, schedule):
    """A_i: the integral (ms) of error_i minus its new fixed point, from the second switch on."""
    run = simulate(network, schedule, record=("error",), plastic=False, dt=DT * ms)
    rest = algorithm1.Algorithm1(network).equilibrium(shown(schedule, slice(1, None)))
    first = len(run.traces.time) // 2
    return {
        layer: (run.traces[f"error_{layer}"].values[first:] - rest["error", layer]).sum(0) * DT
        for layer in network.layers[1:]
    }


def areas(network, schedule, *, filtered=False, **remedies):
    """theory.md 3 for this network and switch."""
    rest = algorithm1.Algorithm1(network).equilibrium(shown(schedule))
    late = np.diff(schedule.constant("target"), axis=0)[0] if filtered else None
    return integrated_errors(
        network.layers[1:],
        {key: value[1] - value[0] for key, value in rest.items()},
        [network.weights[f"theta{i}"] for i in range(1, len(network.sizes) - 1)],
        (TAU_U, TAU_A, TAU_X),
        target=late,
        **remedies,
    )


@pytest.mark.parametrize("beta", [None, 0.5])
@pytest.mark.parametrize("matched", [False, True])
@pytest.mark.parametrize("filtered", [False, True])
def test_integrated_error_is_the_closed_form(beta, matched, filtered):
    network = linear(beta=beta, matched_soma=matched, filtered_target=filtered)
    schedule = schedule_of(network, presentation=1000 * ms)
    found = measured(network, schedule)
    expected = areas(network, schedule, beta=beta, matched_soma=matched, filtered=filtered)
    for layer, area in expected.items():
        # 100 tau are left to relax in: e^-100; sums of 1000 numbers of order 1 round at 1e-12
        np.testing.assert_allclose(found[layer], area, rtol=0, atol=1e-10, err_msg=layer)


def test_integrated_error_does_not_depend_on_dt():
    network = linear()
    schedule = schedule_of(network, presentation=1000 * ms)
    expected = areas(network, schedule)
    run = simulate(network, schedule, record=("error",), plastic=False, dt=4 * ms)
    rest = algorithm1.Algorithm1(network).equilibrium(shown(schedule, slice(1, None)))
    tail = run.traces["error_hidden1"].values[250:] - rest["error", "hidden1"]
    np.testing.assert_allclose(tail.sum(0) * 4, expected["hidden1"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("beta", [None, 0.5])
def test_matched_and_filtered_leaves_no_floor(beta):
    """With error zero before and after a switch, both remedies together integrate nothing.

    That is F3's floor: A_i of order Delta u where there is no error to learn from. It holds for
    the nudged output only with the target's additional stage of tau_x.
    """
    network = linear(beta=beta, matched_soma=True, filtered_target=True)
    schedule = schedule_of(network, presentation=1000 * ms)
    solved = algorithm1.Algorithm1(network).equilibrium(
        {"stimulus": schedule.constant("stimulus")}
    )["u", "output"]
    signals = {"stimulus": schedule.constant("stimulus"), "target": solved}
    perfect = type(schedule)(signals, presentation=1000 * ms)
    for layer, area in measured(network, perfect).items():
        np.testing.assert_allclose(area, 0, atol=1e-10, err_msg=layer)  # rounding, as above
    plain = linear(beta=beta)
    assert max(np.abs(a).max() for a in measured(plain, perfect).values()) > 1


def terms(run, network, schedule, eta_W, eta_theta):
    """Every weight's right-hand side (Hz) in every step, from the recorded traces."""
    get = run.traces
    step = np.arange(len(get.time))
    first, period = schedule.steps("lag", DT * ms), schedule.steps("period", DT * ms)
    last = schedule.steps("presentation", DT * ms)
    on = ((step % period >= first) & (step % period < last)) / (1e-3 * (last - first) * DT)
    found = {}
    for i, (below, above) in enumerate(zip(network.layers, network.layers[1:], strict=False)):
        delta, u = get[f"delta_{above}"].values, get[f"u_{below}"].values
        found[f"W{i}"] = eta_W * np.einsum("t,ta,tb->tab", on, delta, u)
        if i:
            error = get[f"error_{below}"].values
            found[f"theta{i}"] = -eta_theta * np.einsum("t,ta,tb->tab", on, delta, error)
    return found


@pytest.mark.parametrize("tau_w", [None, 30.0])
@pytest.mark.parametrize("lag", [0.0, 50.0])
def test_weights_integrate_the_product_up_to_what_is_in_the_filter(tau_w, lag):
    """Delta w = int product - tau_w low: summing low's own steps gives it, exactly.

    With tau_w the induction low obeys tau_w dlow/dt = product - low and dw/dt = low.
    """
    eta_W, eta_theta = 0.2, 0.1
    network = small_network(
        eta_W=eta_W, eta_theta=eta_theta, tau_w=None if tau_w is None else tau_w * ms
    )
    schedule = schedule_of(network, 3, presentation=100 * ms, lag=lag * ms)
    run = simulate(network, schedule, record=("u", "delta", "error"), dt=DT * ms)
    for name, product in terms(run, network, schedule, eta_W, eta_theta).items():
        integral = product.sum(0) * DT * 1e-3
        left = np.zeros_like(integral)
        if tau_w is not None:
            low = np.zeros_like(integral)
            for term in product:
                low = low + DT / tau_w * (term - low)
            left = tau_w * 1e-3 * low
            assert np.abs(left).max() > 1e-3, "nothing is left to account for"
        moved = run.weights[name] - network.weights[name]
        # 300 roundings of numbers of order 1
        np.testing.assert_allclose(moved, integral - left, rtol=0, atol=1e-13, err_msg=name)
        assert np.abs(moved).max() > 1e-3


def test_filter_changes_no_integral_once_it_is_empty():
    """F3: the low-pass preserves the integral; with rates so small that weights stay."""
    eta = 1e-7
    options = {"eta_W": eta, "eta_theta": eta}
    plain = small_network(**options)
    filtered = small_network(**options, tau_w=20 * ms)
    # 1000 ms of blank are 50 tau_w: e^-50 is left in the filter
    schedule = schedule_of(plain, 1, presentation=100 * ms, blank=1000 * ms)
    one, other = simulate(plain, schedule), simulate(filtered, schedule)
    for name, before in plain.weights.items():
        a, b = ((run.weights[name] - before) / eta for run in (one, other))
        # the weights' own motion acts back with order eta; rounding eps |w|/eta = 2e-9
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6, err_msg=name)
        assert np.abs(a).max() > 1e-2


def test_lag_turns_the_integral_into_the_product_at_rest():
    """The learning lag's error falls to rounding once all is settled; without it, it stays."""
    eta = 1e-7
    network = small_network(eta_W=eta, eta_theta=eta)
    step = {}
    for lag in (0, 400):
        schedule = schedule_of(network, 1, presentation=500 * ms, lag=lag * ms)
        run = simulate(network, schedule)
        learned = algorithm1.Algorithm1(network).learn(schedule)
        step[lag] = max(np.abs((run.weights[n] - learned[n]) / eta).max() for n in network.weights)
    assert step[400] < 1e-5  # order eta, as above
    assert step[0] > 1e-2


class TestThetaRules:
    """theory.md 4, in continuous time."""

    def run(self, **options):
        network = small_network(activation="tanh", **options)
        schedule = schedule_of(network, 5, presentation=400 * ms, lag=250 * ms)
        times = [k * 50 * ms for k in range(40)]
        return network, simulate(network, schedule, weights_at=times)

    def test_minus_shrinks_theta_in_every_interval(self):
        _, run = self.run(eta_W=0.02, eta_theta=0.1)
        for name in ("theta1", "theta2"):
            norms = np.linalg.norm(run.weight_history[name], axis=(1, 2))
            # settled: the change is -eta delta delta^T Theta, up to what 25 tau leave (1e-8)
            assert np.all(np.diff(norms) <= 1e-7)
            assert norms[-1] < norms[0] - 1e-4

    def test_plus_grows_theta(self):
        _, run = self.run(eta_W=0.02, eta_theta=0.02, theta_rule="plus")
        norms = np.linalg.norm(run.weight_history["theta2"], axis=(1, 2))
        assert np.all(np.diff(norms) >= -1e-7)
        assert norms[-1] > norms[0] + 1e-4

    def test_kp_shrinks_the_gap_by_its_decay(self):
        """Equal rates: d(W - Theta)/dt = -eta decay (W - Theta)/window, while learning is on."""
        network, run = self.run(eta_W=0.1, eta_theta=0.1, theta_rule="kp", decay=2.0)
        steps = 150  # of 1 ms in each presentation's window
        factor = (1 - 0.2 / steps) ** (steps * 5)
        for i in (1, 2):
            before = network.weights[f"W{i}"] - network.weights[f"theta{i}"]
            after = run.weights[f"W{i}"] - run.weights[f"theta{i}"]
            np.testing.assert_allclose(after, factor * before, rtol=0, atol=1e-13)  # rounding
