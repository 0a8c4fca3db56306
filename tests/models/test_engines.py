"""The Brian2 engines: equal to each other, exact in time, clean when they are stopped."""

import os
import shutil
import signal
import tempfile

import numpy as np
import pytest
from brian2 import ms
from dll_cases import schedule_of, small_network

from compartments import ACTIVATIONS, Compartment, Neuron, constant_neuron, input_neuron
from compartments.plasticity import THETA_RULES
from models import (
    DivergenceError,
    Network,
    Pathway,
    Population,
    Schedule,
    WeightBundle,
    dll_network,
    simulate,
)
from models.standalone import missing_programs
from models.synapse_order import from_synapses, to_synapses

EVERYTHING = {
    "activation": "softplus",
    "theta_rule": "kp",
    "beta": 0.5,
    "bias": True,
    "matched_soma": True,
    "filtered_target": True,
    "tau_w": 30 * ms,
    "eta_W": 0.1,
    "eta_theta": 0.05,
}


def everything(codegen, **options):
    """A run that uses every option there is; the last presentation hides its target."""
    network = small_network(**EVERYTHING)
    plain = schedule_of(network, 3)
    schedule = Schedule(
        plain.signals,
        presentation=30 * ms,
        lag=10 * ms,
        blank=5 * ms,
        shown={"target": np.array([True, True, False])},
    )
    return simulate(
        network,
        schedule,
        codegen=codegen,
        record=("u", "a", "x", "error", "delta"),
        record_units={"hidden1": [2, 0], "output": [1]},
        record_dt=2 * ms,
        weights_at=[0 * ms, 35 * ms, 104 * ms],
        **options,
    )


def assert_equal(one, other, atol):
    assert set(one.traces.data_vars) == set(other.traces.data_vars)
    for name in one.traces.data_vars:
        np.testing.assert_allclose(one.traces[name], other.traces[name], rtol=0, atol=atol)
    for name in one.weights:
        np.testing.assert_allclose(one.weights[name], other.weights[name], rtol=0, atol=atol)
        np.testing.assert_allclose(
            one.weight_history[name], other.weight_history[name], rtol=0, atol=atol
        )


def test_twice_the_same_run_gives_the_same_numbers():
    assert_equal(everything("numpy"), everything("numpy"), 0)


CYTHON = pytest.param(
    "cython",
    marks=[
        pytest.mark.slow,
        pytest.mark.skipif(bool(missing_programs("cython")), reason="no compiler or Python.h"),
    ],
)


STANDALONE = pytest.param("cpp_standalone", marks=pytest.mark.slow)


@pytest.mark.parametrize("codegen", [CYTHON, STANDALONE])
def test_engines_agree(codegen):
    fractions = []
    # the order of sums differs: 105 steps of rounding numbers of order 1
    assert_equal(everything("numpy"), everything(codegen, progress=fractions.append), 1e-12)
    assert fractions[-1] == 1.0


@pytest.mark.slow
def test_standalone_names_a_divergence_in_the_last_steps(monkeypatch, tmp_path):
    """Guards look every 100 steps; what leaves the bound after the last look is seen, too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    network = dll_network((2, 2, 2), theta_rule="plus", eta_theta=1e9, eta_W=1e9)
    schedule = schedule_of(network, 1, presentation=60 * ms)
    with pytest.raises(DivergenceError, match=r"t = 60 ms: '\w+' of '\w+' is"):
        simulate(network, schedule, codegen="cpp_standalone")
    assert list(tmp_path.glob("tuft-*")) == []  # the generated program is gone


class TestRecording:
    def test_weights_at_chosen_times(self):
        network = small_network(eta_W=0.2, eta_theta=0.1)
        schedule = schedule_of(network, 2, presentation=20 * ms)
        run = simulate(network, schedule, weights_at=[20 * ms, 0 * ms, 5 * ms])
        first = simulate(network, schedule.chosen([0]))
        for name, kept in run.weight_history.items():
            np.testing.assert_array_equal(kept[1], network.weights[name])
            np.testing.assert_array_equal(kept[0], first.weights[name])
            assert not np.array_equal(kept[2], kept[1])

    def test_weights_at_the_beginning_alone(self):
        network = small_network()
        run = simulate(network, schedule_of(network, 1, presentation=9 * ms), weights_at=[0 * ms])
        np.testing.assert_array_equal(run.weight_history["W0"], network.weights["W0"][None])

    def test_units_and_sampling_step(self):
        network = small_network()
        schedule = schedule_of(network, 1, presentation=20 * ms)
        full = simulate(network, schedule, record=("u", "a"))
        some = simulate(
            network, schedule, record=("u", "a"), record_units={"hidden1": [2]}, record_dt=5 * ms
        )
        assert set(some.traces.data_vars) == {"u_hidden1", "a_hidden1"}
        assert some.traces.time.values.tolist() == [0, 5, 10, 15]
        assert some.traces.unit_hidden1.values.tolist() == [2]
        np.testing.assert_array_equal(
            some.traces.u_hidden1.values[:, 0], full.traces.u_hidden1.values[::5, 2]
        )

    def test_order_of_synapses(self):
        weights = np.arange(6.0).reshape(2, 3)
        for upward in (True, False):
            path = Pathway("W", "a", "b", "drive", "u", upward=upward)
            there = to_synapses(path, weights)
            np.testing.assert_array_equal(from_synapses(path, (2, 3), there), weights)


class TestTiming:
    def states(self, dt, presentation, blank, lag=0, count=3):
        network = dll_network((1, 1), eta_W=1.0, tau_u=50 * ms)
        schedule = Schedule(
            {
                "stimulus": np.arange(1.0, count + 1)[:, None],
                "target": -np.arange(1.0, count + 1)[:, None],
            },
            presentation=presentation * dt * ms,
            blank=blank * dt * ms,
            lag=lag * dt * ms,
        )
        total = (presentation + blank) * count
        times = [k * dt * ms for k in range(total)]
        return simulate(
            network,
            schedule,
            dt=dt * ms,
            record=("u", "target", "target_on"),
            record_units={"input": [0], "output": [0]},
            weights_at=times,
        )

    @pytest.mark.parametrize("dt", [1.0, 0.1, 0.3])
    @pytest.mark.parametrize(("presentation", "blank", "lag"), [(7, 0, 0), (7, 3, 2), (5, 1, 4)])
    def test_switches_fall_on_their_step(self, dt, presentation, blank, lag):
        run = self.states(dt, presentation, blank, lag)
        period = presentation + blank
        step = np.arange(3 * period)
        shown = step % period < presentation
        expected = np.where(shown, step // period + 1, 0)
        np.testing.assert_array_equal(run.traces.u_input[:, 0], expected)
        np.testing.assert_array_equal(run.traces.target_output[:, 0], -expected)
        np.testing.assert_array_equal(run.traces.target_on_output[:, 0], shown)
        moved = np.diff(run.weight_history["W0"][:, 0, 0]) != 0
        np.testing.assert_array_equal(moved, (shown & (step % period >= lag))[:-1])

    def test_a_long_schedule_keeps_its_beat(self):
        count = 3000  # the last switch is 9e3 steps of 0.1 ms away
        network = dll_network((1, 1))
        schedule = Schedule({"stimulus": np.arange(count)[:, None]}, presentation=0.3 * ms)
        run = simulate(
            network,
            schedule,
            dt=0.1 * ms,
            record=("u",),
            record_units={"input": [0]},
            plastic=False,
        )
        np.testing.assert_array_equal(run.traces.u_input[:, 0], np.repeat(np.arange(count), 3))


class TestDivergence:
    @pytest.mark.parametrize(
        "options",
        [
            {"theta_rule": "plus", "eta_theta": 1e4},
            {"theta_rule": "kp", "eta_theta": 1e4, "eta_W": 1e4, "decay": 1e-6},
            {"theta_rule": "minus", "eta_W": 1e4},
        ],
    )
    def test_names_time_place_variable_and_value(self, options):
        network = small_network(activation="linear", **options)
        schedule = schedule_of(network, 20, presentation=40 * ms)
        with (
            np.errstate(all="ignore"),
            pytest.raises(DivergenceError, match=r"Diverged at t = \d+ ms: '\w+' of '\w+'") as info,
        ):
            simulate(network, schedule)
        error = info.value
        assert error.variable in ("u", "a", "x")
        assert error.place in network.layers
        assert 0 <= error.time_ms < 800  # it stopped early
        assert not abs(error.value) <= 1e6

    def test_a_weight_without_effect_is_seen_at_the_end(self):
        network = dll_network((1, 1), eta_W=1e9)
        schedule = Schedule(
            dict.fromkeys(("stimulus", "target"), np.ones((1, 1))), presentation=2 * ms
        )
        with pytest.raises(DivergenceError, match=r"'w' of 'W0'|'u' of 'output'"):
            simulate(network, schedule)


class TestInterrupt:
    def run_and_stop(self, stop):
        network = small_network()
        schedule = schedule_of(network, 200, presentation=100 * ms)

        def progress(fraction):
            if fraction > 0:
                stop()

        return simulate(network, schedule, progress=progress)

    def test_an_exception_in_the_callback_leaves_nothing_behind(self):
        def stop():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.run_and_stop(stop)
        # the fixture looks at Brian2's global state now; another run would put it right

    def test_ctrl_c_does_not_pass_for_a_finished_run(self):
        """Brian2's own handler ends a run early and returns; that result must not be taken."""
        signals = iter([signal.SIGINT])  # once: Brian2 lets a second one through

        def stop():
            for number in signals:
                os.kill(os.getpid(), number)

        with pytest.raises(KeyboardInterrupt):
            self.run_and_stop(stop)

    def test_progress_goes_from_nothing_to_all(self):
        network, fractions = small_network(), []
        simulate(network, schedule_of(network, 1, presentation=20 * ms), progress=fractions.append)
        assert fractions[-1] == 1.0
        assert fractions == sorted(fractions)


def noisy_network():
    noise = Neuron("noise", (Compartment("soma", "u = randn() : 1 (constant over dt)"),))
    return Network((Population("noise", 3, noise),), (), WeightBundle({}))


def test_noise_follows_the_seed_and_leaves_numpys_alone():
    schedule = Schedule(presentation=5 * ms)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (
        simulate(noisy_network(), schedule, record=("u",), seed=seed).traces.u_noise.values
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.slow
def test_noise_follows_the_seed_in_standalone():
    schedule = Schedule(presentation=5 * ms)
    one, same = (
        simulate(noisy_network(), schedule, record=("u",), seed=1, codegen="cpp_standalone")
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.traces.u_noise, same.traces.u_noise)


EACH_ONCE = [(rule, "tanh") for rule in THETA_RULES]
EACH_ONCE += [("minus", name) for name in ACTIVATIONS if name != "tanh"]
"""The rules read f' by its name alone, so that pairs of them add nothing to each alone."""


@pytest.mark.parametrize(("theta_rule", "activation"), EACH_ONCE)
def test_a_plastic_run_changes_what_it_should(theta_rule, activation):
    network = small_network(theta_rule=theta_rule, activation=activation, bias=True)
    before = network.weights.hash
    schedule = schedule_of(network, 2, presentation=20 * ms)
    plastic = simulate(network, schedule)
    still = simulate(network, schedule, plastic=False)
    assert still.weights == network.weights
    assert network.weights.hash == before
    changed = {n for n in network.weights if (plastic.weights[n] != network.weights[n]).any()}
    kept = {"theta1", "theta2"} if theta_rule == "fixed" else set()
    assert changed == set(network.weights) - kept


def test_the_output_of_a_population_without_pathways():
    neurons = (Population("input", 2, input_neuron()), Population("bias", 1, constant_neuron()))
    network = Network(neurons, (), WeightBundle({}))
    run = simulate(
        network, Schedule({"stimulus": np.ones((1, 2))}, presentation=3 * ms), record=("u",)
    )
    assert run.traces.u_bias.values.tolist() == [[1.0]] * 3


@pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler")
def test_the_compiler_is_looked_for(monkeypatch):
    network = small_network()
    schedule = schedule_of(network, 1, presentation=5 * ms)
    monkeypatch.setenv("CXX", "")
    monkeypatch.setenv("PATH", "")
    for codegen, missing in (
        ("cython", r"g\+\+( and Python.h \(python3-dev\))?"),
        ("cpp_standalone", r"g\+\+ and make"),
    ):
        message = f"compiles C\\+\\+, but {missing} cannot be found.*codegen='numpy'"
        with pytest.raises(RuntimeError, match=message):
            simulate(network, schedule, codegen=codegen)
    simulate(network, schedule)  # numpy needs none
    monkeypatch.setenv("CXX", "clang-none -O3")
    with pytest.raises(RuntimeError, match="but clang-none"):
        simulate(network, schedule, codegen="cython")


def test_cython_needs_the_headers_of_python(monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert missing_programs("cython")[-1] == "Python.h (python3-dev)"
    (tmp_path / "Python.h").touch()
    assert "Python.h (python3-dev)" not in missing_programs("cython")
