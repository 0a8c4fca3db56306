"""Bias and noise of updates in an unbroken stream, against theory."""

import numpy as np
import pytest
import torch

from experiments.lab.samples import samples
from experiments.stream import experiment as stream
from experiments.stream.discrete_steps import Matrices, discrete_steps
from models import dll_network
from models.theory import eligibility_variance, same_presentation
from rate_bridge.references.numerical import Numerical
from rate_bridge.references.registry import reference


@pytest.fixture(scope="module")
def digits():
    return samples("digits")


def cell(remedy, ratio=2.0, hidden=(12,)):
    config = stream.Config(
        hidden=hidden, activations=("linear",), remedies=(remedy,), ratios=(ratio,), dt_ms=2.0
    )
    return config.cells()["linear"][0]


def test_eligibility_is_unbiased_and_as_noisy_as_theory_says(digits):
    # 96 streams: a variance pooled over many weights, correlated by the few strong components of
    # the samples, has a standard error of about 6 %; three of them
    found = stream.measured(cell("eligibility"), digits, 96, 40)
    assert found["bias"] < 0.15
    assert found["noise"] == pytest.approx(found["noise_theory"], rel=0.2)
    assert found["noise_theory"] > 1.5


def test_uncentred_inputs_bias_eligibility_as_theory_says_and_the_mean_correction_mends_it():
    raw = samples("digits", centred=False)
    found = stream.measured(cell("eligibility"), raw, 64, 40)
    assert found["bias_theory"] > 1
    # chance is added to the bias in squares; three times its share
    assert found["bias"] == pytest.approx(found["bias_theory"], abs=3 * found["chance"])
    assert "noise_theory" not in found
    mended = stream.measured(cell("eligibility-mean"), raw, 64, 40)
    assert mended["bias"] < 0.3 * found["bias"]


def test_the_beginning_is_forgotten_by_a_slow_mean_too():
    names = ("none", "eligibility", "eligibility-mean")
    assert [stream.warm_up(cell(name)) for name in names] == [30, 30, 530]


def test_without_remedy_the_mean_update_is_mostly_wrong(digits):
    assert stream.measured(cell("none"), digits, 64, 20)["bias"] > 0.5


def test_with_full_meeting_theory_is_the_variance_of_the_samples(digits):
    net = dll_network((64, 5, 10), activation="linear")
    steps = discrete_steps(net, digits, 1.0)["W0"]
    delta, u = steps.above, steps.below
    products = torch.einsum("sn,sm->snm", delta, u)
    expected = float(products.var(0, correction=0).sum())
    assert eligibility_variance(delta.numpy(), u.numpy(), {0: 1.0}) == pytest.approx(
        expected, rel=1e-9
    )


def test_products_and_matrices_are_the_same_steps(digits):
    net = dll_network((64, 5, 10), eta_W=0.5)
    products = discrete_steps(net, digits, 1.0)
    signals = {"stimulus": digits.train.inputs, "target": digits.targets(digits.train.labels)}
    each = reference(net).each(signals)
    numerical = Numerical(net).each({name: value[:5] for name, value in signals.items()})
    shown = torch.tensor([[0, 7], [3, 7], [9, 1]])
    for name, pairs in products.items():
        matrices = Matrices(torch.as_tensor(each[name] / net.options.eta_W))
        for found, expected in (
            (pairs.mean, matrices.mean),
            (pairs.mean_square, matrices.mean_square),
            (pairs.summed(shown), matrices.summed(shown)),
        ):
            torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)  # rounding
        # a thousand times Newton's tolerance, as for a single rest
        np.testing.assert_allclose(numerical[name], each[name][:5], atol=1e-10)


def test_chances_of_meeting_add_up():
    delays = [10.0, 10.0, 5.0]
    net = dll_network((4, 3, 2))
    chances = stream.meetings(net, 0, 2.0)
    assert sum(chances.values()) == pytest.approx(1.0, abs=1e-4)
    assert chances[1] == chances[-1] < chances[0]
    assert same_presentation(delays, delays, 20.0, apart=3) < same_presentation(
        delays, delays, 20.0, apart=1
    )


def test_settings_that_measure_nothing_are_refused():
    with pytest.raises(ValueError, match="--streams must be a whole number of 2 or more"):
        stream.Config(streams=1)
    with pytest.raises(ValueError, match="--ratios needs at least one value"):
        stream.Config(ratios=())
    for ratio in (-1, float("nan")):
        with pytest.raises(ValueError, match="--ratios must be a tuple, each entry a finite"):
            stream.Config(ratios=(ratio,))
    for ratio in (0.01, 2.03):
        with pytest.raises(ValueError, match="no whole number of time steps"):
            stream.Config(ratios=(ratio,))
    with pytest.raises(ValueError, match="--dt-ms must be a finite number above 0"):
        stream.Config(dt_ms=0)
