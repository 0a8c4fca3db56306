"""The dendrite's toolbox against closed forms, for every kind of neuron."""

import numpy as np
import pytest
from brian2 import ms, mV, nA, nS, pF

from compartments import Compartment, Neuron, hidden_neuron, load_traces, save_traces, toolbox
from compartments.neurons.registry import NEURONS, neuron_kind

TIMES = {"tau_u": 10 * ms, "tau_a": 8 * ms, "tau_x": 5 * ms, "tau_d": 2 * ms}
ONE_STATE = ("graded output", "conductance", "conductance output", "interneuron")


def built(name, f="tanh", **options):
    return neuron_kind(name).built("cell", neuron_kind(name).only_f or f, TIMES | options)


def graded(f="linear", **taus):
    return hidden_neuron("cell", f, **{"tau_u": 10 * ms, "tau_a": 20 * ms, "tau_x": 5 * ms} | taus)


def cable(g_between=30 * nS):
    """Two passive compartments in volts; either can be injected into."""
    text = """
    dv1/dt = (-g*v1 + gc*(v2 - v1) + current)/c : volt
    dv2/dt = (-g*v2 + gc*(v1 - v2))/c : volt
    current : amp
    """
    constants = {"g": 10 * nS, "gc": g_between, "c": 200 * pF}
    return Neuron("cable", (Compartment("all", text),), constants)


def first_input(cell):
    return cell.ports.inputs[0].variable


def tools(cell):
    """Every tool with what it needs, coarse and short."""
    into, at = first_input(cell), {first_input(cell): 0.3}
    slow = 1 / toolbox.linearize(cell).time_constant.values.max() * 1e3 / (2 * np.pi)
    every = tuple(name for name in cell.variables if name not in cell.inputs)
    return {
        "linearize": lambda: toolbox.linearize(cell, at=at),
        "step_response": lambda: toolbox.step_response(cell, into, at=at, record=every),
        "frequency_response": lambda: toolbox.frequency_response(
            cell, into, [slow, 4 * slow], at=at, record=every, dt=0.05 * ms
        ),
        "attenuation": lambda: toolbox.attenuation(cell, at=at, dt=0.05 * ms),
        "fi_curve": lambda: toolbox.fi_curve(cell, into, np.linspace(-1, 1, 5), dt=0.05 * ms),
        "coincidence": lambda: toolbox.coincidence(cell, [-5, 0, 5], dt=0.05 * ms),
        "phase_plane": lambda: toolbox.phase_plane(cell, at=at),
    }


# Euler's error is half a step over the shortest time constant, a 200th of it: 2.5e-3, and twice
# that where a look-ahead amplifies it; other rows: what injections of 1e-4 bend, and roundings
LARGEST = {"step_response": 6e-3, "frequency_response": 2e-2, "attenuation": 1e-3}
LARGEST |= {"fi_curve": 1e-8, "phase_plane": 1e-12}


@pytest.mark.parametrize("name", NEURONS)
def test_every_tool_is_near_its_theory_or_says_why_not(name, tmp_path):
    if built(name).events:
        with pytest.raises(ValueError, match="it has events; look at it in a network"):
            toolbox.linearize(built(name))
        return
    for tool, use in tools(built(name)).items():
        if tool == "phase_plane" and name in ONE_STATE:
            with pytest.raises(ValueError, match="it has one state, 'u'; a plane needs two"):
                use()
            continue
        found = use()
        assert found.attrs["tool"] == tool
        assert found.attrs.get("deviation", 0) < LARGEST.get(tool, 1), tool
        assert found.attrs.get("step_deviation", 0) < 1e-6, tool  # second order of 1e-4
        for array in found.data_vars.values():
            assert array.attrs["units"], array.name
    assert load_traces(save_traces(found, tmp_path / "tool.nc")).identical(found)


@pytest.mark.parametrize("name", [name for name in NEURONS if not built(name).events])
def test_two_pulses_of_a_linear_neuron_add(name):
    cell = built(name, "linear")
    if name == "plateau":
        cell = built(name, "linear", g_nmda=0.0)
    states = toolbox.coincidence(cell, [-4, 3], dt=0.1 * ms, record=cell.states)
    assert states.attrs["supralinear"] < 1e-12  # sums of roundings


def test_time_constants_and_modes_of_the_graded_neuron():
    found = toolbox.linearize(graded("tanh"), at={"drive": 0.4})
    np.testing.assert_allclose(found.time_constant, [20, 10, 5], rtol=1e-14)
    gain = 1 - np.tanh(0.4) ** 2
    at_rest = dict(zip(found["variable"].values, found.rest.values, strict=True))
    assert at_rest["x"] == pytest.approx(np.tanh(0.4), rel=1e-14)
    assert float(found.gain.sel(variable="u", input="drive")) == pytest.approx(gain, rel=1e-14)
    # the slowest mode is the tuft's, and the soma follows it: x = a/(1 - tau_x/tau_a)
    slow = found.amplitude.sel(mode=0)
    ratio = float(slow.sel(state="x") / slow.sel(state="a"))
    assert ratio == pytest.approx(1 / (1 - 5 / 20), rel=1e-12)
    assert float(slow.sel(state="u")) == 0


def test_a_cable_in_volts():
    found = toolbox.linearize(cable())
    np.testing.assert_allclose(found.time_constant, [20, 200 / 70], rtol=1e-12)  # c/g, c/(g + 2gc)
    ratio = toolbox.attenuation(cable()).ratio
    # gc/(g + gc) of what is injected on the other side
    assert float(ratio.sel(site="v1", variable="v2")) == pytest.approx(0.75, rel=1e-9)
    assert float(ratio.sel(site="v2", variable="v1")) == pytest.approx(0.75, rel=1e-9)
    fast = toolbox.attenuation(cable(), frequency_hz=200.0)
    exact = abs(30 / (40 + 200e-3 * 2j * np.pi * 200))
    # a step of 0.2 % of the shortest time constant
    assert float(fast.ratio.sel(site="v1", variable="v2")) == pytest.approx(exact, rel=2e-3)
    curve = toolbox.fi_curve(cable(), "current", [0.0, 0.1] * nA, record=("v1",))
    # I (g + gc)/(g (g + 2 gc))
    assert float(curve.value[0, 1]) == pytest.approx(0.1e-9 * 40e-9 / (10e-9 * 70e-9), rel=1e-9)


def test_nothing_flows_back_into_a_graded_dendrite():
    ratio = toolbox.attenuation(graded()).ratio
    assert float(ratio.sel(site="a", variable="x")) == pytest.approx(1, rel=1e-9)
    assert float(ratio.sel(site="x", variable="a")) == 0


def test_bode_is_that_of_two_stages():
    frequencies = np.array([3.0, 30.0, 300.0])
    found = toolbox.frequency_response(graded(), "drive", frequencies, record=("x",))
    s = 2j * np.pi * frequencies
    exact = 1 / ((1 + s * 10e-3) * (1 + s * 5e-3))
    np.testing.assert_allclose(found.theory_gain[0], np.abs(exact), rtol=1e-12)
    np.testing.assert_allclose(found.theory_phase[0], np.degrees(np.angle(exact)), rtol=1e-12)
    np.testing.assert_allclose(found.gain[0], np.abs(exact), rtol=1e-2)  # Euler's, at 300 Hz


def test_deviation_from_continuous_time_falls_with_the_step():
    steps = np.array([0.4, 0.2, 0.1])
    off = [
        toolbox.step_response(graded(), "drive", dt=dt * ms, record=("x",)).attrs["deviation"]
        for dt in steps
    ]
    slope = np.polyfit(np.log(steps), np.log(off), 1)[0]
    assert slope == pytest.approx(1, abs=0.05)  # the next order is dt/tau = 8 % at the coarse end


def test_nullclines_of_the_graded_neuron():
    found = toolbox.phase_plane(graded(), "u", "x", at={"drive": 0.5, "feedback": 0.2})
    u, x = found.nullcline_y.values.T
    np.testing.assert_allclose(x, u + 0.2, atol=1e-13)
    np.testing.assert_allclose(found.nullcline_x.values[:, 0], 0.5, atol=1e-13)
    np.testing.assert_allclose(found.rest, [0.5, 0.7], atol=1e-13)
    ends = found.path_x.values[-1], found.path_y.values[-1]
    np.testing.assert_allclose(ends[0], 0.5, atol=1e-3)  # e^-8 of 1, and Euler's
    np.testing.assert_allclose(ends[1], 0.7, atol=2e-3)


def test_two_pulses_meet_in_what_is_sent_down():
    """delta = error f'(drive): states add, their product does not, and only while both last."""
    pulses = {"drive": 0.8, "feedback": 0.5}
    settings = {"pulses": pulses, "width": 5 * ms, "dt": 0.1 * ms, "record": ("a", "x", "delta")}
    found = toolbox.coincidence(graded("tanh"), [-150, 0, 150], **settings)
    apart = np.abs(found.area - found.sum_area)
    assert float(apart.sel(variable=["a", "x"]).max()) < 1e-12
    together = apart.sel(variable="delta").values
    assert together[1] > 0.03
    # after 150 ms e^-7.5 of the tuft's pulse is left, and nothing of the drive's
    assert together[[0, 2]].max() < 1e-3


def test_derivatives_where_sympy_has_none():
    text = "dv/dt = (clip(drive, -1, 1)**2 + int(v > 0.5)*floor(v) + drive % 2 - v)/tau : 1"
    cell = Neuron("cell", (Compartment("soma", f"{text}\ndrive : 1"),), {"tau": 10 * ms})
    found = toolbox.linearize(cell, at={"drive": 0.3})
    assert float(found.rest[0]) == pytest.approx(0.39, rel=1e-12)
    assert float(found.jacobian[0, 0]) == pytest.approx(-100, rel=1e-12)
    # a central difference over 6e-6: rounding 1e-16/6e-6, curvature (6e-6)^2
    assert float(found.from_input[0, 0]) == pytest.approx(160, rel=1e-9)


def wandering():
    text = "dv/dt = -v/tau + sin(t/tau)/tau : 1"
    return Neuron("cell", (Compartment("soma", text),), {"tau": 10 * ms})


def growing():
    return Neuron("cell", (Compartment("soma", "dv/dt = (v + d)/tau : 1\nd : 1"),), {"tau": 9 * ms})


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: toolbox.linearize("cell"), "neuron must be a Neuron"),
        (lambda: toolbox.linearize(wandering()), "contain the time, so it has no rest"),
        (lambda: toolbox.linearize(graded(), at={"driev": 1}), "Did you mean 'drive'"),
        (lambda: toolbox.linearize(graded(), at={"drive": 1 * mV}), "drive is in 1, got .* V"),
        (lambda: toolbox.linearize(graded(), at={"drive": np.nan}), "one finite number, got nan"),
        (lambda: toolbox.linearize(graded(tau_u=[1, 2] * ms)), "tau_u differs between neurons"),
        (lambda: toolbox.step_response(growing(), "d"), "a small push grows at 111 per second"),
        (lambda: toolbox.step_response(graded(), "u"), "Unknown input 'u'"),
        (lambda: toolbox.step_response(graded(), "drive", dt=1), "dt must be a time"),
        (lambda: toolbox.frequency_response(graded(), "drive", [0]), "above 0, in Hz"),
        (lambda: toolbox.attenuation(graded(), frequency_hz=-1), "frequency_hz must be a finite"),
        (lambda: toolbox.fi_curve(cable(), "current", [1.0]), "'current' are in A, got 1"),
        (lambda: toolbox.fi_curve(graded(), "drive", []), "strengths must be one or more"),
        (lambda: toolbox.coincidence(cable()), "1 input, and a coincidence needs two"),
        (
            lambda: toolbox.coincidence(graded(), pulses={"drive": 1}),
            "two inputs and their heights",
        ),
        (lambda: toolbox.coincidence(graded(), ["now"]), r"must be an array of numbers"),
        (lambda: toolbox.phase_plane(graded(), "u", "u"), "must be two states, got 'u' twice"),
        (lambda: toolbox.phase_plane(graded(), x_range=(1, 0)), "the smaller first, got"),
    ],
)
def test_refused(use, message):
    with pytest.raises((ValueError, TypeError), match=message):
        use()
