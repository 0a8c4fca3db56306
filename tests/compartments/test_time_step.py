"""The bound on the time step: where it is known it is exact, where it is not that is said."""

import numpy as np
import pytest
from brian2 import mS, ms, mV, nF, nS, pF

from compartments import Compartment, Neuron, PlasticityRule, output_neuron, responses
from compartments.time_step import bound, check_step, unchecked_step


def neuron(equations: str, **parameters: object) -> Neuron:
    return Neuron("cell", (Compartment("soma", equations),), parameters)


@pytest.mark.parametrize(
    ("equations", "parameters", "rate_hz"),
    [
        ("du/dt = -u/tau : 1", {"tau": 10 * ms}, 100),
        ("du/dt = (drive - u)/tau : 1\ndrive : 1", {"tau": 10 * ms}, 100),
        # the coefficient is what stands before the state, whatever drives it
        ("du/dt = (gr*drive - u)/tau : 1\ndrive : 1", {"tau": 10 * ms, "gr": 400}, 100),
        ("du/dt = (clip(drive, 0, 1) - u)/tau : 1\ndrive : 1", {"tau": 10 * ms}, 100),
        ("du/dt = (int(drive > 0) - u)/tau : 1\ndrive : 1", {"tau": 10 * ms}, 100),
        ("du/dt = (abs(drive) + sign(drive)*(drive % 2) - u)/tau : 1\ndrive : 1", {"tau": ms}, 1e3),
        ("du/dt = -u/tau : 1\ndv/dt = (u - v)/(k*tau) : 1", {"tau": 10 * ms, "k": 0.1}, 1000),
        ("du/dt = -leak/tau : 1\nleak = exp(k)*u : 1", {"tau": 10 * ms, "k": 1}, 100 * np.e),
        ("dv/dt = -g*v/c : volt", {"g": 10 * nS, "c": 200 * pF}, 50),
        ("du/dt = -u*clip(gr, 0, 1)/tau : 1", {"tau": 10 * ms, "gr": 400}, 100),
        ("du/dt = -u*int(gr > 1)*exprel(0*gr)/tau : 1", {"tau": 10 * ms, "gr": 400}, 100),
        ("du/dt = u/tau : 1", {"tau": 10 * ms}, 0),  # it grows: no step makes Euler stable
    ],
)
def test_rates(equations: str, parameters: dict, rate_hz: float) -> None:
    found = bound(neuron(equations, **parameters))
    assert found.rate_hz == pytest.approx(rate_hz, rel=1e-12)  # a few roundings
    assert found.unknown == {}


@pytest.mark.parametrize(
    ("equations", "reason"),
    [
        ("du/dt = -u*(1 + gr*drive)/tau : 1\ndrive : 1", "its rate depends on 'drive'"),
        ("du/dt = -gr*u**3/tau : 1", "its rate depends on 'u'"),
        ("du/dt = (gr*v - u*v)/tau : 1\ndv/dt = -v/tau : 1", "its rate depends on 'v'"),
        ("du/dt = -u*clip(drive, gr, 1)/tau : 1\ndrive : 1", "its rate depends on 'drive'"),
        ("du/dt = -u*int(t > gr*tau)/tau : 1", "its rate depends on 't'"),
        ("du/dt = -clip(gr*u, 0, 1)/tau : 1", "its equation is not smooth in 'u'"),
        ("du/dt = -int(gr*u > 1)/tau : 1", "its equation is not smooth in 'u'"),
    ],
)
def test_where_there_is_no_bound_that_is_said(equations: str, reason: str) -> None:
    cell = neuron(equations, tau=10 * ms, gr=400)
    check_step("Here", cell, 0.1 * ms, "euler")
    (note,) = unchecked_step("Here", cell, "euler")
    with pytest.raises(AssertionError, match=f"^Here: no bound on dt from 'u': {reason}"):
        raise AssertionError(note)
    assert unchecked_step("Here", cell, "exponential_euler") == ()


def test_the_note_is_with_the_traces() -> None:
    cell = neuron("du/dt = (1 - u - gr*drive*u)/tau : 1\ndrive : 1", tau=10 * ms, gr=400)
    found = responses(cell, 100 * ms, drive=0.01)  # at 0.1 ms, with drive 1 it would be refused
    assert found.attrs["dt_unchecked"].startswith("Neuron 'cell': no bound on dt from 'u'")
    assert float(found.u_cell[-1, 0]) == pytest.approx(1 / 5, rel=1e-9)  # 1/(1 + 400*0.01)
    linear = neuron("du/dt = (drive - u)/tau : 1\ndrive : 1", tau=10 * ms)
    assert "dt_unchecked" not in responses(linear, 1 * ms).attrs


def test_a_conductance_is_an_input() -> None:
    text = "dv/dt = (g_leak*(e_leak - v) + g*(e_exc - v))/c : volt\ng : siemens"
    given = {"g_leak": 10 * nS, "c": 200 * pF, "e_leak": -70 * mV, "e_exc": 0 * mV}
    found = responses(neuron(text, **given), 500 * ms, g=10 * nS)
    assert "depends on 'g'" in found.attrs["dt_unchecked"]
    assert float(found.v_cell[-1, 0]) == pytest.approx(-35e-3, rel=1e-9)  # half way; 25 tau


def test_the_bound_is_not_shown_as_zero() -> None:
    cell = neuron("dv/dt = -g*v/c : volt", g=1 * mS, c=1e-9 * nF)
    with pytest.raises(ValueError, match=r"dt = 100\. us is too large.*dt < 2e-12 ms"):
        check_step("Here", cell, 0.1 * ms, "euler")


def test_a_target_is_on_at_most_wholly() -> None:
    # Euler needs dt < 2 tau_x/(1 + beta) (theory.md 2)
    cell = output_neuron("out", "tanh", tau_u=10 * ms, tau_x=5 * ms, beta=10.0)
    assert bound(cell).rate_hz == pytest.approx(11 / 5e-3, rel=1e-12)


def test_a_rule_has_the_bound_of_its_filter() -> None:
    text = "dw/dt = low : 1\ndlow/dt = (learning*(u_pre - decay*w) - low)/tau_w : Hz"
    rule = PlasticityRule("mine", text, {"decay": 3.0, "tau_w": 20 * ms})
    assert bound(rule).rate_hz == pytest.approx(50.0, rel=1e-12)
    assert bound(rule).unknown == {}
