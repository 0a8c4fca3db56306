"""One population alone: step responses against closed forms, waveforms, refusals."""

import numpy as np
import pytest
from brian2 import ms, mV, nA, nS, pF

from compartments import (
    Compartment,
    Neuron,
    hidden_neuron,
    load_traces,
    output_neuron,
    pulse,
    responses,
    save_traces,
)

TAU_U, TAU_A, TAU_X = 10.0, 20.0, 5.0


def cell(f="linear", matched_soma=False):
    return hidden_neuron(
        "cell",
        f,
        tau_u=TAU_U * ms,
        tau_a=TAU_A * ms,
        tau_x=TAU_X * ms,
        matched_soma=matched_soma,
    )


def euler_step(time_ms, tau, dt):
    """Euler's own answer of one stage to a step of 1: exact, not an approximation."""
    return 1 - (1 - dt / tau) ** np.round(time_ms / dt)


def test_basal_step_is_a_first_order_stage():
    dt = 0.5
    found = responses(cell(), 60 * ms, dt=dt * ms, drive=0.7)
    time_ms = found.time.values
    # 120 roundings of numbers below 1
    np.testing.assert_allclose(
        found.u_cell[:, 0], 0.7 * euler_step(time_ms, TAU_U, dt), rtol=0, atol=1e-14
    )


def test_exponential_euler_is_exact_for_one_stage():
    found = responses(cell(), 60 * ms, dt=0.5 * ms, method="exponential_euler", drive=0.7)
    exact = 0.7 * (1 - np.exp(-found.time.values / TAU_U))
    np.testing.assert_allclose(found.u_cell[:, 0], exact, rtol=0, atol=1e-14)  # rounding


def test_apical_step_reaches_the_soma_only():
    dt = 0.5
    found = responses(cell(), 60 * ms, dt=dt * ms, feedback=-0.3)
    time_ms = found.time.values
    np.testing.assert_allclose(
        found.a_cell[:, 0], -0.3 * euler_step(time_ms, TAU_A, dt), rtol=0, atol=1e-14
    )
    assert not found.u_cell.any()


def soma_to_basal_step(t):
    """x after a step of the drive: two stages, tau_u and tau_x."""
    return 1 - (TAU_U * np.exp(-t / TAU_U) - TAU_X * np.exp(-t / TAU_X)) / (TAU_U - TAU_X)


def lag_pulse(t):
    """theory.md 3: the soma's error after a step of u from 0 to 1, no feedback; area -tau_x."""
    return -(TAU_X / (TAU_X - TAU_U)) * (np.exp(-t / TAU_X) - np.exp(-t / TAU_U))


@pytest.mark.parametrize(
    ("method", "order"),
    [("euler", 1), ("exponential_euler", 1)],  # the soma's drive is frozen in a step: first order
)
@pytest.mark.parametrize(("variable", "exact"), [("x", soma_to_basal_step), ("error", lag_pulse)])
def test_error_falls_with_the_order_of_dt(method, order, variable, exact):
    steps = np.array([1.0, 0.5, 0.25, 0.125])
    worst = []
    for dt in steps:
        found = responses(cell(), 40 * ms, dt=dt * ms, method=method, drive=1.0, record=[variable])
        values = found[f"{variable}_cell"].values[:, 0]
        worst.append(np.abs(values - exact(found.time.values)).max())
    slope = np.polyfit(np.log(steps), np.log(worst), 1)[0]
    # dt/tau is 0.2 at most here: the next term is 10 % of the slope at the coarse end
    assert slope == pytest.approx(order, abs=0.12)


def test_lag_pulse_has_the_area_of_the_somas_lag():
    found = responses(cell(), 400 * ms, dt=0.5 * ms, drive=1.0, record=["error"])
    area = float(found.error_cell.sum()) * 0.5
    # Euler keeps a stage's area exactly (theory.md 3); e^-40 is left after 400 ms
    assert area == pytest.approx(-TAU_X, abs=1e-11)


def test_matched_soma_shows_no_lag():
    found = responses(cell(matched_soma=True), 100 * ms, drive=1.0, record=["error", "x"])
    assert np.abs(found.error_cell).max() < 1e-15  # x and p take the same steps
    assert found.x_cell[-1, 0] > 0.9


def test_matched_soma_passes_feedback_through_two_stages():
    """tau_x d(error)/dt = a - error, whatever the drive does."""
    found = responses(
        cell(matched_soma=True),
        200 * ms,
        dt=0.5 * ms,
        drive=lambda t: np.sin(t / (7 * ms)),
        feedback=1.0,
        record=["error", "a"],
    )
    error, a = found.error_cell.values[:, 0], found.a_cell.values[:, 0]
    expected = error[:-1] + 0.5 / TAU_X * (a[:-1] - error[:-1])
    np.testing.assert_allclose(error[1:], expected, rtol=0, atol=1e-14)  # rounding


def test_nudged_output_relaxes_faster():
    neuron = output_neuron("out", "linear", tau_u=TAU_U * ms, tau_x=TAU_X * ms, beta=3.0)
    found = responses(neuron, 40 * ms, dt=0.25 * ms, target=1.0, target_on=1.0)
    factor = 1 - 0.25 * (1 + 3) / TAU_X
    expected = 0.75 * (1 - factor ** np.arange(160))  # lambda = 3/4, rate (1 + beta)/tau_x
    np.testing.assert_allclose(found.x_out[:, 0], expected, rtol=0, atol=1e-14)  # rounding


def test_target_that_is_off_does_not_pull():
    neuron = output_neuron("out", "linear", tau_u=TAU_U * ms, tau_x=TAU_X * ms, beta=3.0)
    assert not responses(neuron, 20 * ms, target=1.0).x_out.any()
    clamped = output_neuron("out", "linear", tau_u=TAU_U * ms, tau_x=TAU_X * ms)
    silent = responses(clamped, 20 * ms, target=1.0, record=["error"])
    assert not silent.error_out.any()


def test_pulse_is_on_for_exactly_its_steps():
    found = responses(
        cell(), 3 * ms, drive=pulse([1.0, 2.0], 1 * ms, 2 * ms), n=2, record=["drive"]
    )
    on = found.drive_cell.values
    assert on.shape == (30, 2)
    np.testing.assert_array_equal(np.flatnonzero(on[:, 0]), np.arange(10, 20))
    np.testing.assert_array_equal(on[:, 1], 2 * on[:, 0])


def test_waveform_arrays_are_one_row_a_step():
    wave = np.arange(40.0).reshape(20, 2)
    found = responses(cell(), 2 * ms, n=2, drive=wave, record=["drive"])
    np.testing.assert_array_equal(found.drive_cell, wave)
    alone = responses(cell(), 2 * ms, n=2, drive=wave[:, 0], record=["drive"])
    np.testing.assert_array_equal(alone.drive_cell, np.stack([wave[:, 0]] * 2, axis=1))


@pytest.mark.parametrize("dt", [0.1, 0.3, 0.7, 1.1])
def test_waveforms_keep_step_with_any_dt(dt):
    wave = np.arange(3000.0)
    found = responses(cell(), 3000 * dt * ms, dt=dt * ms, drive=wave, record=["drive"])
    np.testing.assert_array_equal(found.drive_cell[:, 0], wave)


def test_neurons_do_not_see_each_other():
    both = responses(cell("tanh"), 20 * ms, n=2, drive=np.array([0.5, -1.0]), feedback=0.2)
    for k, drive in enumerate((0.5, -1.0)):
        alone = responses(cell("tanh"), 20 * ms, drive=drive, feedback=0.2)
        np.testing.assert_array_equal(both.x_cell[:, k], alone.x_cell[:, 0])


def test_traces_carry_units_and_survive_a_file(tmp_path):
    found = responses(cell(), 2 * ms, drive=1.0)
    assert found.time.attrs["units"] == "ms"
    assert found.u_cell.attrs["units"] == "1"
    assert load_traces(save_traces(found, tmp_path / "traces.nc")).identical(found)


@pytest.mark.parametrize(
    "height", [0.2 * nA, np.full(3000, 0.2) * nA, pulse(0.2 * nA, 0 * ms, 1e9 * ms)]
)
def test_a_membrane_in_volts(height):
    text = "dv/dt = (g*(rest - v) + current)/c : volt\ncurrent : amp\nabove = v > rest : boolean"
    given = {"g": 10 * nS, "c": 200 * pF, "rest": -70 * mV}
    found = responses(
        Neuron("cell", (Compartment("soma", text),), given),
        300 * ms,
        record=["v", "current"],
        current=height,
    )
    assert found.v_cell.attrs["units"] == "V"
    assert found.current_cell.attrs["units"] == "A"
    # Euler steps from 0 V: v = end (1 - (1 - dt g/c)^k), end = rest + I/g = -50 mV, c/g = 20 ms
    steps = np.arange(3000)
    expected = -50e-3 * (1 - (1 - 0.1 / 20) ** steps)
    np.testing.assert_allclose(found.v_cell[:, 0], expected, rtol=1e-9, atol=1e-16)  # roundings


def test_a_membrane_takes_no_plain_numbers():
    text = "dv/dt = (rest - v)/tau + slope : volt\nslope : volt/second"
    neuron = Neuron("cell", (Compartment("soma", text),), {"tau": 20 * ms, "rest": -70 * mV})
    with pytest.raises(ValueError, match=r"'slope': the neuron declares it in .*V.*, got one in 1"):
        responses(neuron, 5 * ms, slope=1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"driev": 1.0}, r"Unknown input of neuron 'cell' 'driev'\. Did you mean 'drive'\?"),
        ({"record": ["errro"]}, r"Unknown variable of .* 'errro'\. Did you mean 'error'\?"),
        ({"record": "error"}, r"sequence of names, such as \('error',\)"),
        ({"drive": np.nan}, "waveform 'drive' must be finite, got nan"),
        (
            {"drive": np.where(np.arange(20) == 7, np.inf, 0)},
            "got inf at step 7",
        ),
        ({"drive": np.ones(7)}, r"expected a number, \(20,\) or \(20, 1\).* got shape \(7,\)"),
        ({"dt": 0.1}, "dt must be a time with its unit, such as 10"),
        ({"dt": 0 * ms}, "dt must be a time .* above 0, got 0"),
        ({"dt": 0.3 * ms}, "duration .* is no.* whole number of steps"),
        ({"duration": 10}, "duration must be a time with its unit"),
        ({"duration": 40 * ms, "dt": 10 * ms}, r"dt = 10\. ms is too large .* dt < 10.0 ms"),
        ({"method": "rk4"}, "Unknown method 'rk4'.* Valid: euler, exponential_euler"),
        ({"codegen": "nmupy"}, r"Unknown codegen 'nmupy'\. Did you mean 'numpy'\?"),
        ({"drive": None}, "waveform 'drive' must be an array of numbers"),
        ({"drive": lambda time: None}, "waveform 'drive' must be an array of numbers"),
        ({"n": 0}, "n must be a whole number of 1 or more, got 0"),
    ],
)
def test_refused(changes, message):
    arguments = {"duration": 2 * ms} | changes
    with pytest.raises(ValueError, match=message):
        responses(cell(), **arguments)


def test_a_long_step_is_fine_where_it_is_stable():
    found = responses(cell(), 400 * ms, dt=40 * ms, drive=1.0, method="exponential_euler")
    assert found.u_cell[-1, 0] == pytest.approx(1, abs=1e-15)  # e^-36 is left


def test_waveforms_with_a_unit_and_pulses_without_one_are_refused():
    cell = hidden_neuron("cell", "tanh", tau_u=10 * ms, tau_a=10 * ms, tau_x=5 * ms)
    with pytest.raises(ValueError, match="'drive': the neuron declares it in 1, got one in V"):
        responses(cell, 5 * ms, drive=3 * mV)
    with pytest.raises(ValueError, match="start must be a time with its unit"):
        pulse(1.0, 20, 120)
    with pytest.raises(ValueError, match="must come after start"):
        pulse(1.0, 20 * ms, 20 * ms)
