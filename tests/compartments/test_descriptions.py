"""Descriptions of compartments, neurons and rules: what is accepted, what is refused and how."""

import copy
import pickle

import numpy as np
import pytest
from brian2 import Hz, ms, nA

from compartments import (
    ACTIVATIONS,
    Compartment,
    Neuron,
    PlasticityRule,
    Port,
    Ports,
    Sent,
    constant_neuron,
    feedback_rule,
    forward_rule,
    hidden_neuron,
    input_neuron,
    output_neuron,
)
from compartments.activations import activation
from compartments.lookup import look_up
from compartments.plasticity import THETA_RULES

TAUS = {"tau_u": 10 * ms, "tau_a": 20 * ms, "tau_x": 5 * ms}
LEAK = "du/dt = -u/tau_u : 1"


def neuron(equations, parameters=None, name="cell"):
    parameters = {"tau_u": 10 * ms} if parameters is None else parameters
    return Neuron(name, (Compartment("soma", equations),), parameters)


def rule(equations, **parameters):
    return PlasticityRule("mine", equations, parameters)


class TestNeuron:
    def test_what_a_hidden_neuron_consists_of(self):
        cell = hidden_neuron("cell", "tanh", **TAUS)
        assert [part.name for part in cell.compartments] == ["basal", "apical", "soma"]
        assert set(cell.states) == {"u", "a", "x"}
        assert set(cell.inputs) == {"drive", "feedback"}
        assert cell.stored == ("delta",)
        assert cell.expressions.index("error") < cell.expressions.index("delta")
        assert cell.time_constants_ms == pytest.approx(
            {"tau_u": 10, "tau_a": 20, "tau_x": 5}, rel=1e-15
        )

    def test_options_change_the_states(self):
        assert "p" in hidden_neuron("cell", "tanh", **TAUS, matched_soma=True).states
        clamped = output_neuron("out", "linear", tau_u=10 * ms, tau_x=5 * ms)
        assert clamped.states == ("u",)
        nudged = output_neuron("out", "linear", tau_u=10 * ms, tau_x=5 * ms, beta=1.0)
        assert set(nudged.states) == {"u", "x"}
        late = output_neuron("out", "linear", tau_u=10 * ms, tau_x=5 * ms, target_stages=2)
        assert set(late.states) == {
            "u",
            *(f"late_{name}" for name in ("target_1", "target", "target_on_1", "target_on")),
        }

    def test_parameters_cannot_be_changed(self):
        with pytest.raises(TypeError, match="does not support item assignment"):
            neuron(LEAK).parameters["tau_u"] = 1 * ms
        with pytest.raises(AttributeError, match="cannot assign to field"):
            neuron(LEAK).name = "other"

    @pytest.mark.parametrize(
        ("ports", "message"),
        [
            (
                Ports((Port("drives", "below"),)),
                "ports: Unknown input 'drives'",
            ),
            (Ports((Port("drive", "below", {"u": "v"}),)), "port 'drive': Unknown variable 'v'"),
            (Ports((Port("drive", "below", {}, ("u",)),)), "port 'drive': Unknown factor 'u'"),
            (Ports((), (Sent("v", "up"),)), "sends: Unknown variable 'v'"),
            (Ports((), (), {("u", "u"): ()}), "delays: Unknown input 'u'"),
            (Ports((), (), {("drive", "v"): ()}), "delays: Unknown variable 'v'"),
            (Ports((), (), {("drive", "u"): ("tau_x",)}), "delays: Unknown constant 'tau_x'"),
            (Ports((), (), {("drive", "u"): ("tau_u +",)}), "delays: .*'tau_u \\+'"),
        ],
    )
    def test_ports_name_what_the_neuron_has(self, ports, message):
        parts = (Compartment("soma", "du/dt = (drive - u)/tau_u : 1\ndrive : 1"),)
        with pytest.raises(ValueError, match=f"Neuron 'cell', {message}"):
            Neuron("cell", parts, {"tau_u": 10 * ms}, ports=ports)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda: Port("drive", "beside"),
                "Port: origin must be 'below', 'above'",
            ),
            (
                lambda: Sent("u", "upward"),
                "Sent: to must be .*, got 'upward'",
            ),
            (lambda: Ports(delays=1), "Ports: delays must be a Mapping, got 1"),
        ],
    )
    def test_ports_of_another_form_are_refused(self, make, message):
        with pytest.raises(ValueError, match=message):
            make()

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
    def test_copies(self, duplicate):
        for cell in (hidden_neuron("cell", "tanh", **TAUS), constant_neuron(), input_neuron()):
            other = duplicate(cell)
            assert str(other.equations) == str(cell.equations)
            assert dict(other.parameters) == dict(cell.parameters)
        assert str(duplicate(forward_rule(0.1)).equations) == str(forward_rule(0.1).equations)

    @pytest.mark.parametrize(
        ("equations", "parameters", "message"),
        [
            ("du/dt = -u/tau_u", None, "Compartment 'soma': 'du/dt = -u/tau_u' has no unit"),
            (
                "du/dt = -u/tau_u : apples",
                None,
                "Compartment 'soma', equation of 'u': Unknown unit 'apples'",
            ),
            ("du/dt = -u : 1", {}, "compartment 'soma', equation of 'u': .*hertz"),
            (LEAK, {"tau_u": 10}, "compartment 'soma': tau_u must be a time .* got 10"),
            (LEAK, {"tau_u": 10 * nA}, "tau_u must be a time with its unit"),
            (LEAK, {"tau_u": -5 * ms}, r"tau_u must be a time .* above 0, got -5\. ms"),
            (LEAK, {"tau_u": 0 * ms}, "tau_u must be a time .* above 0, got 0"),
            (LEAK, {"tau_u": np.inf * ms}, "tau_u must be a time .* got inf"),
            (LEAK, {"tau_u": np.nan * ms}, "tau_u must be a time .* got nan"),
            (LEAK, {"tau_u": [1, -2] * ms}, "neuron 1: tau_u must be a time .* above 0, got -2"),
            (LEAK, {}, r"Unknown name 'tau_u'\. "),
            (LEAK, {"tau_u": 10 * ms, "beta": 1.0}, "no equation uses the constant 'beta'"),
            ("du/dt = -v/tau_u : 1", None, "equation of 'u': Unknown name 'v'"),
            (
                "du/dt = -tanhh(u)/tau_u : 1",
                None,
                r"Unknown function 'tanhh'\. Did you mean 'tanh'\?",
            ),
            ("du/dt = -u/(10*ms) : 1", {}, "'ms' is a unit; name the constant"),
        ],
    )
    def test_refused(self, equations, parameters, message):
        with pytest.raises(ValueError, match=message):
            neuron(equations, parameters)

    def test_time_may_be_named(self):
        assert neuron("du/dt = (sin(t/tau_u) - u)/tau_u : 1").states == ("u",)

    def test_a_variable_is_defined_once(self):
        parts = (Compartment("basal", LEAK), Compartment("soma", "u : 1"))
        message = "'u' is defined in compartment 'basal' and again in 'soma'"
        with pytest.raises(ValueError, match=message):
            Neuron("cell", parts, {"tau_u": 10 * ms})

    def test_a_name_that_brian2_cannot_use(self):
        with pytest.raises(ValueError, match="Neuron: 'my cell' is no name of a neuron; use"):
            neuron(LEAK, name="my cell")

    @pytest.mark.parametrize("beta", [0.0, -1.0, np.nan])
    def test_beta_must_pull(self, beta):
        with pytest.raises(ValueError, match="beta must be a finite number above 0 or None, got"):
            output_neuron("out", "tanh", tau_u=10 * ms, tau_x=5 * ms, beta=beta)

    @pytest.mark.parametrize("stages", [-1, 1.5, True, 10**7])
    def test_stages_are_few(self, stages):
        with pytest.raises(ValueError, match="target_stages must be a whole number in 0"):
            output_neuron("out", "tanh", tau_u=10 * ms, tau_x=5 * ms, target_stages=stages)

    def test_an_infinite_pull_is_refused(self):
        with pytest.raises(
            ValueError, match="beta must be a finite number above 0 or None, got inf"
        ):
            output_neuron("out", "tanh", tau_u=10 * ms, tau_x=5 * ms, beta=np.inf)


class TestNames:
    def test_the_nearest_name_is_offered(self):
        message = r"Unknown activation 'tahn'\. Did you mean 'tanh'\? Valid: linear, logistic,"
        with pytest.raises(ValueError, match=message):
            activation("tahn")

    def test_nothing_is_offered_where_nothing_is_near(self):
        with pytest.raises(ValueError, match=r"Unknown thing 'qqq'\. Valid: a, b\."):
            look_up("thing", "qqq", {"b": 1, "a": 2})

    def test_an_activation_passes_through(self):
        assert activation(ACTIVATIONS["tanh"]) is activation("tanh")


class TestRule:
    @pytest.mark.parametrize("theta_rule", THETA_RULES)
    def test_the_rules_read_their_neurons_only(self, theta_rule):
        found = feedback_rule(theta_rule, 0.1, decay=0.01)
        if theta_rule == "fixed":
            assert found is None
            return
        assert found.reads_pre == {"delta"}
        assert found.reads_post == {"u" if theta_rule == "kp" else "error"}
        assert found.states == ("w",)

    def test_the_filter_is_a_state_of_the_synapse(self):
        assert set(forward_rule(0.1, tau_w=30 * ms).states) == {"w", "low"}

    @pytest.mark.parametrize(
        ("equations", "message"),
        [
            # everything that is somewhere else than at the synapse
            ("dw/dt = learning*error : 1", "'error' in the equation of 'w' is not local"),
            ("dw/dt = learning*delta_above : 1", "'delta_above' .* is not local"),
            ("dw/dt = learning*w_other : 1", "'w_other' .* is not local"),
            ("dw/dt = learning*target : 1", "'target' .* is not local"),
            ("dw/dt = learning*i : 1", "'i' .* is not local"),
            ("dw/dt = learning*N : 1", "'N' .* is not local"),
            ("dw/dt = learning*t/tau : 1", "is not local"),
            ("dw/dt = learning*(timestep(t, dt) % 2) : 1", "is not local|is refused"),
            # what is not a function of what is seen
            ("dw/dt = learning*randn() : 1", "'randn' .* is refused: .* noise"),
            ("dw/dt = learning*rand() : 1", "'rand' .* is refused: .* noise"),
            ("dw/dt = learning*poisson(3) : 1", "'poisson' .* is refused"),
            ("dw/dt = learning + xi*learning**0.5 : 1", "'xi' .* is refused"),
            # sums over synapses
            (
                "dw/dt = learning*x_pre : 1\ntotal_post = w : 1 (summed)",
                "Unknown flag 'summed'",
            ),
            ("dw/dt = learning*s : 1\ns = w : 1 (constant over dt)", "flags .* are not allowed"),
            ("dw/dt = learning*g : 1\ng : 1", "'g' has no right-hand side"),
            # forms
            ("w = u_pre : 1", r"equations must have one 'dw/dt"),
            ("dv/dt = learning*u_pre : 1", r"equations must have one 'dw/dt"),
            ("dw/dt = learning*u_pre", "Plasticity rule 'mine': .* has no unit; end it with ': 1'"),
            # units
            ("dw/dt = u_pre : 1", "does not have the expected unit hertz"),
            ("dw/dt = learning*w : Hz", "'w' must be dimensionless"),
            ("dw/dt = u_pre/(10*ms) : 1", "'ms' is a unit; name the constant"),
        ],
    )
    def test_refused(self, equations, message):
        with pytest.raises(ValueError, match=message):
            rule(equations)

    def test_both_rules_lose_the_same_share_to_decay(self):
        losing, plain = forward_rule(0.1, 0.01), forward_rule(0.1)
        assert dict(losing.parameters) == {"eta": 0.1, "decay": 0.01}
        assert dict(plain.parameters) == {"eta": 0.1}
        feedback = feedback_rule("kp", 0.1, 0.01)
        assert str(feedback.equations) == str(losing.equations).replace(
            "delta_post*u_pre", "delta_pre*u_post"
        )

    def test_an_unused_constant_is_refused(self):
        with pytest.raises(ValueError, match="'mine': no equation uses the constant 'dacay'"):
            rule("dw/dt = learning*eta*u_pre : 1", eta=0.1, dacay=0.01)

    def test_constants_are_checked(self):
        with pytest.raises(ValueError, match="eta must be a finite number, got nan"):
            forward_rule(np.nan)
        with pytest.raises(ValueError, match="tau_w must be a time with its unit"):
            forward_rule(0.1, tau_w=30)
        with pytest.raises(ValueError, match="expected unit hertz"):
            rule("dw/dt = learning*eta*u_pre : 1", eta=1 * Hz)
        with pytest.raises(ValueError, match=r"Unknown theta_rule 'kap'\. Did you mean 'kp'\?"):
            feedback_rule("kap", 0.1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones(2) * 1j, "tau_u must be real numbers; they came with imaginary parts"),
        (["a", "b"], r"tau_u must be an array of numbers, got \['a', 'b'\]"),
        ([None, 1.0], "tau_u must be an array of numbers, got"),
    ],
)
def test_constants_of_single_neurons_are_numbers(bad, message):
    with pytest.raises(ValueError, match=message):
        hidden_neuron("cell", "tanh", tau_u=bad, tau_a=5 * ms, tau_x=5 * ms)
