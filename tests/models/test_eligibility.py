"""Delay-matched eligibility: the stages, the chance of meeting, and the mean of the update."""

import numpy as np
import pytest
from brian2 import ms, second

from models.delays import SignalDelays
from models.dll import DLLOptions, dll_network, dll_weights
from models.eligibility import Eligibility, chance_of_meeting, waiting
from models.schedule import Schedule
from models.theory import same_presentation
from rate_bridge.ode_engine import simulate
from rate_bridge.references.algorithm1 import Algorithm1

MATCHED = {"matched_soma": True, "filtered_target": True}


@pytest.mark.parametrize(("first", "second_"), [([10.0], [10.0]), ([10.0, 5.0, 10.0], [10.0, 7.0])])
def test_chance_of_meeting_is_that_of_drawn_delays(
    first: list[float], second_: list[float]
) -> None:
    rng = np.random.default_rng(0)
    count, presentation_ms = 400_000, 30.0
    start = rng.uniform(0, presentation_ms, count)
    places = [
        np.floor((start - rng.exponential(taus, (count, len(taus))).sum(1)) / presentation_ms)
        for taus in (first, second_)
    ]
    drawn = np.mean(places[0] == places[1])
    # standard error of the draw 8e-4
    assert same_presentation(first, second_, presentation_ms) == pytest.approx(drawn, abs=4e-3)


def test_a_long_presentation_is_always_met() -> None:
    net = dll_network((2, 2, 2, 2))
    wait = waiting(SignalDelays(net.populations, net.pathways), "input", "u", "hidden1", None)
    met = chance_of_meeting(Eligibility(1e5 * ms), wait)
    assert met == pytest.approx(1, abs=1e-3)  # mean |difference of delays| / T is 3e-4


def _mean_update(mean: float, presentations: int, **options: object) -> tuple[np.ndarray, ...]:
    """Mean update of W0 and theta1 for a linear net, in continuous time and by Algorithm 1."""
    rng = np.random.default_rng(1)
    sizes = (3, 4, 2)
    # rates so small that the weights stay as they are; their changes are then sums of updates
    rates = {"eta_W": 1e-9, "eta_theta": 1e-9, "activation": "linear"}
    net = dll_network(sizes, weights=dll_weights(sizes, 5), **rates, **options)
    inputs = mean + rng.normal(0, 1, (presentations, 3))
    targets = 1.5 * inputs[:, :2] + 0.3 * rng.normal(0, 1, (presentations, 2))
    schedule = Schedule({"stimulus": inputs, "target": targets}, presentation=20 * ms)
    after = simulate(net, schedule, dt=1 * ms, batch=20).weights
    discrete = Algorithm1(net)
    weights = {name: discrete.tensor(array) for name, array in net.weights.items()}
    expected = discrete.change(
        weights, {"stimulus": discrete.tensor(inputs), "target": discrete.tensor(targets)}
    )
    found = [after[n] - net.weights[n] for n in ("W0", "W1", "theta1")]
    scale = 20 / presentations  # the change is a sum over minibatches
    return *(scale * f for f in found), *(expected[n].numpy() for n in ("W0", "W1", "theta1"))


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("beta", [None, 0.5])
def test_updates_of_a_linear_net_are_unbiased_for_centred_stimuli(beta: float | None) -> None:
    matched = {**MATCHED, "eligibility": Eligibility(20 * ms), "beta": beta}
    found_W0, found_W1, _, W0, W1, _ = _mean_update(0.0, 8000, **matched)
    # T = 2 tau; 8000 samples of relative deviation about 3 leave 3 %; the start-up adds 1 %
    assert relative(found_W0, W0) < 0.08
    assert relative(found_W1, W1) < 0.08
    without_W0, *_ = _mean_update(0.0, 8000, **MATCHED)
    assert relative(without_W0, W0) > 0.5


def test_the_mean_correction_removes_the_bias_of_means() -> None:
    plain = {**MATCHED, "eligibility": Eligibility(20 * ms)}
    corrected = Eligibility(20 * ms, mean_corrected=True, tau_mean=0.5 * second)
    found_W0, _, _, W0, *_ = _mean_update(1.0, 8000, **plain)
    mended_W0, *_ = _mean_update(1.0, 8000, **MATCHED, eligibility=corrected)
    assert relative(found_W0, W0) > 0.5
    assert relative(mended_W0, W0) < 0.15  # the mean is itself estimated, over 25 presentations


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="mean_corrected needs the presentation time"):
        Eligibility(mean_corrected=True)
    with pytest.raises(ValueError, match="scale must be a finite number above 0"):
        Eligibility(scale=0.0)
    with pytest.raises(ValueError, match="presentation must be a time"):
        Eligibility(presentation=20)
    with pytest.raises(ValueError, match="does not take matched_soma; neurons that do: 'graded'"):
        DLLOptions(neuron="look-ahead", constants={"tau_d": 1 * ms}, matched_soma=True)


def test_look_ahead_leaves_an_error_of_the_order_of_the_time_step() -> None:
    rng = np.random.default_rng(0)
    sizes = (3, 4, 4, 2)
    inputs, targets = rng.normal(0, 1, (6, 3)), rng.normal(0, 1, (6, 2))
    errors = []
    steps = np.array([1.0, 0.5, 0.25])
    for dt in steps:
        net = dll_network(
            sizes, eta_W=1e-9, eta_theta=1e-9, neuron="look-ahead", constants={"tau_d": dt * ms}
        )
        schedule = Schedule({"stimulus": inputs, "target": targets}, presentation=40 * ms)
        change = simulate(net, schedule, dt=dt * ms).weights["W0"] - net.weights["W0"]
        discrete = Algorithm1(net)
        weights = {name: discrete.tensor(array) for name, array in net.weights.items()}
        step = discrete.change(
            weights, {"stimulus": discrete.tensor(inputs), "target": discrete.tensor(targets)}
        )
        errors.append(relative(change, 6 * step["W0"].numpy()))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 0.8 < slope < 1.2
    assert errors[-1] < 0.1
