"""What is refused before a simulation begins, and how it is said; weights on disk."""

import numpy as np
import pytest
from brian2 import ms, mV
from dll_cases import schedule_of, small_network

from compartments import Compartment, Neuron, PlasticityRule, input_neuron, output_neuron
from compartments.sealed_files import add_seal
from models import (
    Network,
    Pathway,
    Population,
    Schedule,
    WeightBundle,
    dll_network,
    dll_weights,
    simulate,
)

ONES = np.ones((2, 4))


def refused(message, **changes):
    network = changes.pop("network", None) or small_network()
    schedule = changes.pop("schedule", None) or schedule_of(network, 2, presentation=20 * ms)
    with pytest.raises(ValueError, match=message):
        simulate(network, schedule, **changes)


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"signals": {"x": np.ones(4)}}, r"x must have shape \(presentation, n\), .* got \(4,\)"),
        ({"signals": {"x": np.ones((0, 4))}}, "x holds no presentation"),
        ({"signals": {"x": [["a"]]}}, "x must be an array of numbers"),
        (
            {"signals": {"x": ONES, "y": np.ones((3, 2))}},
            "x is for 2 presentations but y for 3",
        ),
        ({"signals": {"x": [ONES, ONES[0]]}}, "x must be an array of numbers|shape"),
        ({"signals": {"x": [ONES, ONES * ms]}}, "x must have one unit in all presentations"),
        ({"presentation": 400}, r"presentation must be a time with its unit, such as 10\*ms"),
        ({"presentation": "400ms"}, r"presentation must be a time .* 10\*ms, above 0, got '400ms'"),
        ({"presentation": None}, "presentation must be a time .* got None"),
        ({"lag": 5}, "lag must be a time with its unit"),
        ({"presentation": 0 * ms}, "presentation must be a time .* above 0, got 0"),
        ({"presentation": np.nan * ms}, "presentation must be a time .* got nan"),
        ({"lag": -1 * ms}, "lag must be a time .* 0 or more, got -1"),
        ({"lag": 400 * ms}, r"lag \(0.4 s\) must be shorter than presentation \(0.4 s\)"),
        ({"lag": 0.5 * ms, "presentation": 0.4 * ms}, "must be shorter than presentation"),
        (
            {"presentation": [3, 4, 5] * ms},
            "stimulus is for 2 presentations but presentation for 3",
        ),
        (
            {"presentation": [9, 4] * ms, "lag": 4 * ms},
            r"lag \(4. ms\) must be shorter .*\(4. ms\)",
        ),
        ({"shown": {"target": [True, False]}}, "Unknown signal 'target'.* Valid: stimulus"),
        (
            {"shown": {"stimulus": [True]}},
            r"shown\['stimulus'\] must be True or False for each of 2 presentations, got bool of",
        ),
    ],
)
def test_schedule(arguments, message):
    with pytest.raises(ValueError, match=message):
        Schedule(**({"signals": {"stimulus": ONES}} | arguments))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_stimuli_that_are_not_finite_are_located(bad):
    values = np.ones((3, 4))
    values[2, 1] = bad
    message = f"Schedule: target must be finite, got {bad} at presentation 2, unit 1"
    with pytest.raises(ValueError, match=message):
        Schedule({"stimulus": np.ones((3, 4)), "target": values})


def test_signals_are_given_by_name():
    with pytest.raises(TypeError, match=r"a Mapping, got ndarray; write Schedule\("):
        Schedule(ONES)
    with pytest.raises(ValueError, match="Schedule: 'left eye' is no name of a signal"):
        Schedule({"left eye": ONES})


def test_a_schedule_does_not_change_with_the_array_it_was_made_of():
    values = np.ones((1, 4))
    schedule = Schedule({"stimulus": values})
    values[0, 0] = np.nan
    assert schedule.constant("stimulus")[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        schedule.constant("stimulus")[0, 0] = 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": 1}, "dt must be a time with its unit"),
        ({"dt": 10 * ms}, r"'hidden1': dt = 10\. ms is too large .* dt < 10.0 ms"),
        ({"dt": 3 * ms}, r"presentation \(20\. ms\) is not a whole number of steps of 3\. ms"),
        ({"record": ("errro",)}, r"Unknown variable to record 'errro'\. Did you mean 'error'\?"),
        ({"record": "u"}, r"sequence of names, such as \('u',\)"),
        ({"record_dt": 1.5 * ms}, r"record_dt .* must be a multiple of dt"),
        ({"record_dt": 2}, "record_dt must be a time with its unit"),
        ({"record_units": {"outptu": [0]}}, r"Unknown population 'outptu'\. Did you mean 'output'"),
        (
            {"record_units": {"output": [2]}},
            r"of 'output' must be whole numbers in 0\.\.1, got \[2\]",
        ),
        ({"record_units": {"output": [-1]}}, "of 'output' must be whole numbers"),
        ({"record_units": {"output": [0.7]}}, r"of 'output' must be .* got \[0\.7\]"),
        ({"weights_at": [41 * ms]}, "from 0 to the end"),
        ({"weights_at": [0.5 * ms]}, "must be a multiple of dt"),
        ({"weights_at": [5]}, "weights_at must be a time with its unit"),
        ({"weights_at": ["5ms"]}, "weights_at must be a time .* got '5ms'"),
        ({"dt": "1ms"}, "dt must be a time with its unit, such as .* got '1ms'"),
        ({"method": "exponential_eulre"}, "Did you mean 'exponential_euler'"),
        ({"codegen": "cpp"}, "Unknown codegen 'cpp'.* Valid: cpp_standalone, cython, numpy"),
    ],
)
def test_simulate(changes, message):
    refused(message, **changes)


def test_step_too_large_for_the_pull_and_for_the_filter():
    # tau_x = 5 ms: Euler needs dt < 2 tau_x/(1 + beta) (theory.md 2)
    refused(r"'output': dt = 1\. ms .* dt < 0.909", network=small_network(beta=10.0), dt=1 * ms)
    refused(r"Pathway 'W0': dt = 1\. ms .* dt < 0.8 ms", network=small_network(tau_w=0.4 * ms))


def test_sizes_must_fit():
    wide = Schedule({"stimulus": ONES, "target": np.ones((2, 3))})
    refused("target has 3 units, but population 'output' has 2", schedule=wide)
    narrow = Schedule({"stimulus": ONES[:, :3]})
    refused("stimulus has 3 units, but population 'input' has 4", schedule=narrow)


def test_signals_must_be_those_of_the_network():
    reason = "no signal 'stimulus', which population 'input' needs; given are: target"
    refused(reason, schedule=Schedule({"target": np.ones((2, 2))}))
    unread = Schedule({"stimulus": ONES, "reward": np.ones((2, 1))})
    refused("Unknown signal 'reward'.* Valid: stimulus, target", schedule=unread)
    volts = Schedule({"stimulus": ONES * mV})
    refused("stimulus is in V, but population 'input' reads it in 1", schedule=volts)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((3,), {}, "an input and an output"),
        ((3, 0, 2), {}, "each >= 1"),
        ((3, 2.5, 2), {}, "each >= 1; got"),
        ((3, 2), {"theta_rule": "mius"}, r"Did you mean 'minus'\?"),
        ((3, 2), {"activation": "relu"}, "Unknown activation 'relu'"),
        ((3, 2), {"tau_u": 10}, "tau_u must be a time with its unit"),
        ((3, 2), {"eta_W": np.inf}, "eta_W must be a finite number of 0 or more, got inf"),
        ((3, 2), {"decay": -0.1}, r"decay must be a finite number of 0 or more, got -0.1"),
        (
            (3, 2),
            {"theta_rule": "kp", "eta_W": 0.5, "decay": 2.0},
            r"decay takes 1 of the weights in one presentation .* must be below 1",
        ),
        ((3, 2), {"beta": 0.0}, "beta must be a finite number above 0 or None, got"),
        ("32", {}, "sizes must be whole numbers, .* got '32'"),
        (3, {}, "sizes must be whole numbers, .* got 3"),
        ((3, 2), {"seed": -1}, "seed must be a whole number in 0..2.32 - 1, got -1"),
        ((3, 2), {"seed": "x", "weights": dll_weights((3, 2))}, "seed must be a whole number in"),
        ((3, 2), {"seed": "x"}, "seed must be a whole number in 0..2.32 - 1, got 'x'"),
        (
            (3, 2),
            {"neuron": "look-ahead", "constants": {"tau_d": 1}},
            "tau_d must be a time with its unit",
        ),
        ((3, 2), {"neuron": "look-ahead"}, "'look-ahead' needs the constant 'tau_d'"),
        ((3, 2), {"constants": {"tau_d": 1 * ms}}, r"'graded': Unknown constant 'tau_d'"),
        ((3, 2), {"neuron": "interneuron"}, r"Unknown neuron 'interneuron'"),
        ((3, 2), {"eta_W": "0.1"}, r"eta_W must be a finite .* got '0\.1'"),
        ((3, 2), {"eta_theta": None}, "eta_theta must be a finite .* got None"),
        ((3, 2), {"beta": "1"}, "beta must be a finite .* got '1'"),
        ((3, 2), {"tau_x": "5ms"}, "tau_x must be a time with its unit, such as .* got '5ms'"),
        ((3, 2), {"eligibility": True}, "eligibility must be a Eligibility or None, got True"),
        ((3, 2), {"bias": "no"}, "bias must be True or False, got 'no'"),
        ((3, 2), {"activation": ["tanh"]}, r"Unknown activation \['tanh'\]"),
        ((3, 2), {"weights": dll_weights((3, 4))}, r"W0 has shape \(4, 3\), expected \(2, 3\)"),
    ],
)
def test_network_options(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        dll_network(sizes, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": {"W0": np.ones((2, 3))}}, "weights must be a WeightBundle, got dict; write"),
        ({"options": {"eta_W": 0.1}}, r"options must be a DLLOptions, got dict"),
    ],
)
def test_types_of_network_options(options, message):
    with pytest.raises(TypeError, match=message):
        dll_network((3, 2), **options)


def test_a_schedule_is_a_schedule():
    with pytest.raises(TypeError, match="schedule must be a Schedule, got ndarray; write Schedule"):
        simulate(small_network(), ONES)


def test_an_unknown_option_gets_the_nearest():
    with pytest.raises(TypeError, match=r"'theta_rul'\. Did you mean 'theta_rule'\?"):
        dll_network((3, 2), theta_rul="minus")


class TestNetwork:
    OUT = output_neuron("out", "linear", tau_u=10 * ms, tau_x=5 * ms)

    def build(self, pathways, shape=(2, 3), extra=()):
        populations = (
            Population("input", 3, input_neuron()),
            Population("out", 2, self.OUT),
            *extra,
        )
        weights = WeightBundle({p.name: np.ones(shape) for p in pathways})
        return Network(populations, tuple(pathways), weights)

    @pytest.mark.parametrize(
        ("pathway", "message"),
        [
            (Pathway("W", "inptu", "out", "drive", "u"), r"'inptu'\. Did you mean 'input'\?"),
            (Pathway("W", "input", "out", "driev", "u"), r"'driev'\. Did you mean 'drive'\?"),
            (Pathway("W", "input", "out", "drive", "x"), "Unknown variable of 'input' 'x'"),
            (Pathway("out", "input", "out", "drive", "u"), "names a population and a pathway"),
        ],
    )
    def test_pathways(self, pathway, message):
        with pytest.raises(ValueError, match=message):
            self.build([pathway])

    @pytest.mark.parametrize("name", ["N_pre", "xx_post", "error_pre"])
    def test_rules_read_what_their_neurons_have(self, name):
        rule = PlasticityRule("mine", f"dw/dt = learning*{name} : 1")
        with pytest.raises(ValueError, match="Pathway 'W', rule: Unknown variable of"):
            self.build([Pathway("W", "input", "out", "drive", "u", rule)])

    def test_names_of_pathways(self):
        with pytest.raises(ValueError, match="'W 0' is no name of a pathway"):
            Pathway("W 0", "input", "out", "drive", "u")

    def test_what_nothing_drives(self):
        with pytest.raises(ValueError, match="nothing drives 'drive' of population 'out'"):
            self.build([])

    def test_a_loop_within_a_step(self):
        relay = Neuron(
            "relay", (Compartment("soma", "y = drive : 1 (constant over dt)\ndrive : 1"),)
        )
        paths = (Pathway("W", "relay", "relay", "drive", "y"),)
        with pytest.raises(ValueError, match="depend on each other within one time step"):
            Network((Population("relay", 2, relay),), paths, WeightBundle({"W": np.eye(2)}))

    def test_names_are_used_once(self):
        twice = (Population("out", 2, self.OUT),)
        with pytest.raises(ValueError, match="population name 'out' is used twice"):
            self.build([Pathway("W", "input", "out", "drive", "u")], extra=twice)


@pytest.mark.usefixtures("unchecked_shapes")
class TestWeights:
    def test_saved_and_loaded(self, tmp_path):
        weights = dll_weights((3, 2, 2), bias=True)
        again = WeightBundle.load(weights.save(tmp_path / "weights.npz"))
        assert again == weights
        assert again.shapes == weights.shapes

    def test_full_disk_leaves_what_was_there(self, tmp_path, no_space):
        path = dll_weights((3, 2)).save(tmp_path / "weights.npz")
        before = path.read_bytes()
        no_space(np.lib.format, "write_array")
        with pytest.raises(OSError, match="No space left"):
            dll_weights((3, 2), seed=1).save(path)
        assert [item.name for item in tmp_path.iterdir()] == ["weights.npz"]
        assert path.read_bytes() == before

    def test_damaged_and_missing_files(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"No weights file at .*none\.npz"):
            WeightBundle.load(tmp_path / "none.npz")
        path = dll_weights((30, 20)).save(tmp_path / "weights.npz")
        content = path.read_bytes()
        for damaged in (b"", b"junk", content[:-30], content[:200] + b"xx" + content[202:]):
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=r"weights\.npz .*SHA-256.* Delete it and make"):
                WeightBundle.load(path)

    @pytest.mark.parametrize("array", [np.array([{}], dtype=object), np.ones(3)])
    def test_other_contents(self, tmp_path, array):
        path = tmp_path / "bad.npz"
        np.savez(path, W0=array)
        add_seal(path)
        with pytest.raises(ValueError, match=r"bad\.npz.*(allow_pickle=False|must have shape)"):
            WeightBundle.load(path)

    def test_any_name_of_a_matrix_can_be_saved(self, tmp_path):
        weights = WeightBundle({name: np.eye(2) for name in ("file", "allow_pickle", "a b")})
        assert WeightBundle.load(weights.save(tmp_path / "weights.npz")) == weights

    def test_of_another_network(self, tmp_path):
        path = dll_weights((3, 4, 2)).save(tmp_path / "weights.npz")
        message = (
            r"belong to another network: theta1 is not part of the network; "
            r"W0 has shape \(4, 3\), expected \(2, 3\)|W1 is not part"
        )
        with pytest.raises(ValueError, match=message):
            dll_network((3, 2), weights=WeightBundle.load(path))
        with pytest.raises(ValueError, match="b0 is missing"):
            dll_network((3, 4, 2), weights=WeightBundle.load(path), bias=True)

    def test_values(self):
        with pytest.raises(ValueError, match="must be finite, got nan at n_above 0, n_below 1"):
            WeightBundle({"W0": np.array([[1.0, np.nan]])})
        with pytest.raises(ValueError, match=r"must have shape \(n_above, n_below\)"):
            WeightBundle({"W0": np.ones(3)})
        with pytest.raises(ValueError, match="read-only"):
            dll_weights((3, 2))["W0"][0, 0] = 1


def test_a_synapse_cannot_read_what_needs_the_neurons_constants():
    equations = "dv/dt = -v/tau : 1\nlouder = gain*v : 1\ndrive : 1"
    parts = (Compartment("soma", equations),)
    neuron = Neuron("cell", parts, {"tau": 10 * ms, "gain": 2.0})
    populations = (Population("a", 2, neuron), Population("b", 2, neuron))
    pathways = tuple(
        Pathway(f"W{name}", other, name, "drive", "louder") for name, other in ("ab", "ba")
    )
    weights = WeightBundle({"Wa": np.eye(2), "Wb": np.eye(2)})
    with pytest.raises(ValueError, match=r"constant 'gain'.*constant over dt"):
        Network(populations, pathways, weights)
