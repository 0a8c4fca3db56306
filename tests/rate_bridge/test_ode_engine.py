"""The batched engine: batches, copies, integrators, recording, and what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import Equations, ms
from ode_cases import OPTIONS, odd_network, option_network, rule_named, schedule_for

from compartments.neuron import Compartment, Neuron
from compartments.recording import load_traces, save_traces
from models.divergence import DivergenceError
from models.dll import dll_network, dll_weights
from models.network import Network
from models.population import Population
from models.schedule import Schedule
from models.theory import chain_response
from models.weights import WeightBundle
from rate_bridge import ode_engine
from rate_bridge.ode_engine import simulate, simulate_copies
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.ode_engine.expressions import UntranslatableError

LATE = {"presentation": 300 * ms, "lag": 250 * ms}


def test_a_batch_averages_the_updates_of_its_members() -> None:
    # late in the presentation, with a small rate, each member's update is that of it alone
    net = option_network("paper", eta_W=1e-6, eta_theta=1e-6)
    schedule = schedule_for(net, 4, **LATE)
    together = simulate(net, schedule, batch=4).weights
    alone = [simulate(net, schedule.chosen([k])).weights for k in range(4)]
    for name in net.weights:
        mean = np.mean([weights[name] - net.weights[name] for weights in alone], axis=0)
        change = together[name] - net.weights[name]
        # the members' weights differ by eta within the presentation: relative 1e-6
        np.testing.assert_allclose(change, mean, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("name", OPTIONS)
def test_gathering_changes_nothing_in_a_batch(name: str) -> None:
    net = option_network(name)
    schedule = schedule_for(net, 6)
    both = [simulate(net, schedule, batch=3, deferred=flag).weights for flag in (True, False)]
    for key in net.weights:
        np.testing.assert_allclose(both[0][key], both[1][key], atol=1e-13)


@pytest.mark.parametrize("method", ["euler", "exponential_euler"])
@pytest.mark.parametrize("name", OPTIONS)
def test_copies_equal_separate_runs(name: str, method: str) -> None:
    nets = [
        option_network(name, tau_u=tau * ms, eta_W=eta).with_weights(
            dll_weights((5, 4, 4, 3), seed, bias="bias" in name)
        )
        for seed, (tau, eta) in enumerate([(10, 0.01), (14, 0.05), (10, 0.0)])
    ]
    schedules = [schedule_for(net, 4, seed) for seed, net in enumerate(nets)]
    wanted = {"record": ("u", "error"), "weights_at": [0 * ms, 40 * ms, 60 * ms]}
    copies = simulate_copies(nets, schedules, batch=2, method=method, **wanted)
    for number, (net, schedule) in enumerate(zip(nets, schedules, strict=True)):
        alone = simulate(net, schedule, batch=2, method=method, **wanted)
        own = copies.of_copy(number)
        for key in net.weights:
            difference = abs(own.weights[key] - alone.weights[key]).max()
            assert difference < 1e-12  # the same operations, summed in another order
        for trace in alone.traces:
            assert float(abs(own.traces[trace] - alone.traces[trace]).max()) < 1e-12
        assert set(own.weight_history.data_vars) == set(net.weights)
        xr.testing.assert_allclose(own.weight_history, alone.weight_history, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", ["oja", "not a product", "one side", "traces"])
def test_copies_of_odd_rules_equal_separate_runs(rule: str) -> None:
    nets = [odd_network(rule_named(rule, eta), seed=seed) for seed, eta in enumerate((0.3, 0.1))]
    schedule = schedule_for(nets[0], 4)
    copies = simulate_copies(nets, schedule, batch=2)
    for number, net in enumerate(nets):
        alone = simulate(net, schedule, batch=2).weights
        assert max(abs(copies.weights[number][k] - alone[k]).max() for k in alone) < 1e-12


def test_single_precision_follows_double() -> None:
    net = option_network("paper")
    schedule = schedule_for(net)
    double, single = (
        simulate(net, schedule, dtype=dtype).weights for dtype in (torch.float64, torch.float32)
    )
    assert max(abs(double[k] - single[k]).max() for k in double) < 1e-5  # 240 steps of 1e-7


def _final_states(method: str, dt_ms: float) -> np.ndarray:
    net = option_network("linear", eta_W=0.0, eta_theta=0.0)
    schedule = schedule_for(net, 1, presentation=32 * ms, lag=0 * ms, blank=dt_ms * ms)
    run = simulate(net, schedule, dt=dt_ms * ms, method=method, record=("u", "x", "a"))
    return np.concatenate([run.traces[name].values[-1] for name in run.traces])


@pytest.mark.parametrize("method", ["euler", "exponential_euler"])
def test_integrators_are_of_first_order(method: str) -> None:
    steps = np.array([2.0, 1.0, 0.5, 0.25])
    # the last sample is the state after exactly 32 ms; a sixteenth of the smallest step as truth
    truth = _final_states(method, 1 / 64)
    errors = [np.linalg.norm(_final_states(method, dt) - truth) for dt in steps]
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 0.9 < slope < 1.2


def test_exponential_euler_is_exact_for_a_stage_that_is_held() -> None:
    net = dll_network((2, 2), activation="linear", weights=WeightBundle({"W0": np.eye(2)}))
    schedule = Schedule({"stimulus": np.ones((1, 2))}, presentation=50 * ms)
    run = simulate(
        net, schedule, dt=5 * ms, method="exponential_euler", record=("u",), plastic=False
    )
    expected = chain_response([10.0], run.traces.time.values)
    np.testing.assert_allclose(run.traces.u_output.values[:, 0], expected, atol=1e-14)


def test_learning_moves_all_plastic_weights_and_nothing_else() -> None:
    net = option_network("theta fixed")
    after = simulate(net, schedule_for(net)).weights
    moved = {name for name in net.weights if not np.array_equal(after[name], net.weights[name])}
    assert moved == {"W0", "W1", "W2"}
    still = simulate(net, schedule_for(net), plastic=False).weights
    assert still == net.weights


def test_recording_can_be_decimated_chosen_and_saved(tmp_path: object) -> None:
    net = option_network("paper")
    schedule = schedule_for(net, 4)
    full = simulate(net, schedule, batch=2, record=("u",)).traces
    some = simulate(
        net, schedule, batch=2, record=("u",), record_dt=7 * ms, record_units={"hidden1": [2, 0]}
    ).traces
    assert set(some.data_vars) == {"u_hidden1"}
    np.testing.assert_array_equal(some.u_hidden1, full.u_hidden1[::7, :, [2, 0]])
    loaded = load_traces(save_traces(some, f"{tmp_path}/traces.nc"))
    np.testing.assert_array_equal(loaded.u_hidden1, some.u_hidden1)


def test_progress_is_reported() -> None:
    net = option_network("paper")
    seen: list[float] = []
    simulate(net, schedule_for(net), progress=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_divergence_says_when_and_where() -> None:
    net = option_network("theta plus", eta_theta=1e4, eta_W=1e4)
    with pytest.raises(DivergenceError, match=r"Diverged at t = .* ms: '.*' of '.*' is"):
        simulate(net, schedule_for(net, 40))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch": 3}, "4 presentations cannot be dealt out in batches of 3: 1 are left over"),
        ({"batch": 0}, "batch must be a whole number of 1 or more"),
        ({"method": "heun"}, "Unknown method 'heun'.*euler"),
        ({"dt": 15 * ms}, "dt = 15. ms is too large"),
        ({"dt": 7 * ms}, "not a whole number of steps"),
        ({"device": "cuda"}, "torch finds no CUDA device"),
        ({"record": ("uu",)}, "Unknown variable to record 'uu'"),
        ({"record": ("u",), "record_units": {"hidden1": [4]}}, "whole numbers in 0..3"),
        ({"record": ("u",), "record_dt": 1.5 * ms}, "must be a multiple of dt"),
        ({"weights_at": [1.5 * ms]}, "must be a multiple of dt"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, object], message: str) -> None:
    if arguments.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    net = option_network("paper")
    with pytest.raises(ValueError, match=message):
        simulate(net, schedule_for(net), **arguments)


def _network_with(equation: str) -> Network:
    neuron = Neuron("odd", (Compartment("soma", Equations(equation)),), {"tau": 10 * ms})
    return Network((Population("cells", 2, neuron),), (), WeightBundle({}))


def test_an_untranslatable_string_names_the_part_and_the_other_engine() -> None:
    net = _network_with("dv/dt = (int(timestep(t, tau)) - v)/tau : 1")
    with pytest.raises(
        UntranslatableError, match=r"Neuron 'odd', equation of 'v'.*timestep.*models"
    ):
        OdeEngine(net)


def test_exponential_euler_refuses_what_is_not_linear_in_its_state() -> None:
    net = _network_with("dv/dt = -v**3/tau : 1")
    with pytest.raises(UntranslatableError, match="linear in 'v'"):
        OdeEngine(net, method="exponential_euler")


def test_copies_of_another_structure_are_refused() -> None:
    nets = [option_network("paper"), option_network("matched")]
    with pytest.raises(ValueError, match=r"Copy 1 differs from copy 0 in its populations \(hidden"):
        OdeEngine(nets)
    with pytest.raises(ValueError, match="2 schedules for 1 copies"):
        simulate_copies(nets[:1], [schedule_for(nets[0])] * 2)
    with pytest.raises(ValueError, match="copy 1 differs from that of copy 0 in length or timing"):
        simulate_copies([nets[0]] * 2, [schedule_for(nets[0]), schedule_for(nets[0], lag=20 * ms)])


def test_states_and_weights_can_be_put_back() -> None:
    net = option_network("paper")
    engine = OdeEngine(net, batch=2, dtype=torch.float64)
    stimulus, target = torch.ones(2, 5, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)
    engine.present({"stimulus": stimulus, "target": target})
    first = engine.weights
    engine.rest()
    engine.load([net.weights])
    engine.present({"stimulus": stimulus, "target": target})
    assert engine.weights == first


def test_public_functions_are_those_of_the_module() -> None:
    assert ode_engine.simulate is simulate


def test_the_map_names_every_file_and_no_other() -> None:
    folder = Path(ode_engine.__file__).parent
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text())) == files


def test_a_step_is_made_as_the_map_says() -> None:
    engine = OdeEngine(option_network("paper"))
    program = engine.program_at(0)
    assert program.leave  # the stimulus stands still: the first weights are gathered
    still = OdeEngine(option_network("paper"), plastic=False)
    first, later = (still.program_at(step) for step in (0, 399))
    assert first is later
    assert not first.leave
    # W0 stays and the stimulus stands still: its sum is taken on entering, not at every step
    assert len(first.step) < len(program.step)
