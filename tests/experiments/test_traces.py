"""``tuft traces``: its numbers, its files, and figures drawn from them."""

import re
from dataclasses import replace

import numpy as np
import pytest

from compartments import load_traces
from experiments.cli import main
from experiments.lab.runner import saved
from experiments.traces import experiment as traces
from experiments.traces import page as traces_page
from experiments.traces.one_neuron import measure_one_neuron
from models import DLLOptions

SMALL = traces.Config(sizes=(64, 5, 4, 10), presentation="120ms", dt="1ms", neurons=2)


def measured(config, folder):
    folder.mkdir(exist_ok=True)
    return saved(traces, config, folder, lambda fraction: None), load_traces(folder / "traces.nc")


def test_the_command_makes_a_page_whose_links_exist(tmp_path, capsys):
    options = ["--sizes", "64", "5", "10", "--presentation", "60ms", "--dt", "1ms"]
    assert main(["traces", *options, "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    folder = tmp_path / "traces"
    assert lines[-1] == str(folder / "index.html")
    assert "further than" in lines[0]
    text = (folder / "index.html").read_text(encoding="utf-8")
    links = set(re.findall(r'(?:src|href)="([^"]+)"', text))
    assert {"traces.png", "settling.pdf", "one_neuron.png", "traces.nc", "config.json"} <= links
    assert [link for link in links if not (folder / link).exists()] == []
    assert lines[0].split(" from")[0] in text


@pytest.mark.slow
def test_figures_are_drawn_from_the_saved_files(tmp_path):
    measured(SMALL, tmp_path)
    saved = {path.name for path in tmp_path.iterdir()}
    assert saved == {"config.json", "result.json", "traces.nc", "one_neuron.nc"}
    traces.draw(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name in set(first) - saved:
        (tmp_path / name).unlink()
    traces.draw(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("beta=0.5", "matched_soma=True"),
        ("filtered_target=True", "activation=softplus"),
    ],
)
def test_every_compartment_settles_to_algorithm_1(tmp_path, options):
    result, _ = measured(replace(SMALL, presentation="400ms", options=options), tmp_path)
    # 40 time constants leave e^-40 40^9/9! of ten stages: 3e-9 of values of order 1
    assert max(result["largest_distance_at_end"]) < 1e-8


def test_what_is_measured_is_what_was_shown(tmp_path):
    result, data = measured(SMALL, tmp_path)
    assert result["presented"] == ["3, no target", "3, target", "7, target"]
    assert result["reference"] == "Algorithm 1"
    assert result["target_on"] == [0, 1, 1]
    np.testing.assert_array_equal(data["presentation"], [0, 120, 240])
    assert {layer: len(units) for layer, units in result["neurons"].items()} == {
        "hidden1": 2,
        "hidden2": 2,
        "output": 2,
    }
    # without a target there is no error, with one the clamped output is the target
    np.testing.assert_array_equal(data["equilibrium_error_hidden1"][0], 0)
    np.testing.assert_allclose(data["equilibrium_x_output"][1:], np.eye(10)[[3, 7]], atol=1e-15)
    np.testing.assert_array_equal(data["pixels"][0], data["pixels"][1])


def test_a_prediction_settles_as_its_stage_does(tmp_path):
    result, _ = measured(replace(SMALL, presentation="200ms"), tmp_path)
    first = result["settling_to_1_percent"]["hidden1"]["u"]
    assert first["stages_ms"] == [10.0]
    # one stage with a constant drive is the chain exactly; samples are 1 ms apart
    assert first["measured_ms"] == pytest.approx(first["chain_ms"], abs=1)


def test_the_equilibrium_moves_while_synapses_learn(tmp_path):
    _, data = measured(replace(SMALL, plastic=True, options=("theta_rule=kp",)), tmp_path)
    assert data.sizes["moment"] == 3 * 40
    u = data["equilibrium_u_hidden1"].values
    assert np.abs(u[79] - u[40]).max() > 1e-4
    end = np.abs(data["u_hidden1"].values[-1] - u[-1]).max()
    # what is left of 12 time constants, and the weights' drift over a piece of 3 ms and one tau
    assert end < 1e-3


def test_too_short_a_presentation_is_reported_as_such(tmp_path):
    result, _ = measured(replace(SMALL, presentation="20ms"), tmp_path)
    assert result["settling_to_1_percent"]["hidden1"]["error"]["measured_ms"] is None
    assert "show it for longer" in traces_page.sentences(result)[-1]


def test_a_network_that_digits_do_not_fit_is_shown_numbers_and_the_page_says_so(tmp_path):
    result, data = measured(replace(SMALL, sizes=(6, 5, 3)), tmp_path)
    assert result["stimuli"] == "two vectors of normally distributed numbers, A and B"
    assert "pixels" not in data
    traces.draw(tmp_path)
    assert result["stimuli"] in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_network_without_hidden_layers(tmp_path):
    result, data = measured(replace(SMALL, sizes=(64, 10)), tmp_path)
    assert list(result["neurons"]) == ["output"]
    assert "a_output" not in data
    assert "output" in traces_page.sentences(result)[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"presentation": "400"}, "presentation: '400' has no unit"),
        ({"dt": "-1ms"}, "dt: must be positive"),
        ({"digits": (3, 12)}, "digits must be from 0 to 9, got 12"),
        ({"options": ("bta=1",)}, "Unknown option 'bta'. Did you mean 'beta'"),
        ({"model": "dl"}, "Unknown model 'dl'"),
        ({"neurons": 0}, r"neurons must be a whole number in 1\.\.100"),
    ],
)
def test_wrong_values_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changes)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_one_neuron_follows_its_closed_form(tmp_path, activation):
    distance = measure_one_neuron(tmp_path, activation, DLLOptions())
    # Euler: at most (dt/tau_x) e^-1 / 2 of a step of 1 for each of two stages, dt = 0.1 ms
    assert distance < 0.02 * 0.37
    data = load_traces(tmp_path / "one_neuron.nc")
    late = data.sel(time=slice(280, 340))
    assert (
        float(np.ptp(late["u_cell"].values)) < 1e-5
    )  # an apical current does not move the basal u
    assert float(late["a_cell"][-1, 0]) == pytest.approx(0.4, abs=1e-4)


OWN = """
import numpy as np
from brian2 import ms, mV
from compartments import Compartment, Neuron
from models import Network, Population, Schedule, WeightBundle

def described(equations, signals, parameters):
    cell = Neuron("cell", (Compartment("soma", equations),), parameters)
    return Network((Population("cells", 4, cell, signals),), (), WeightBundle({}))

def voltages():
    equations = "dv/dt = (rest + shown - v)/tau : volt\\nshown : volt"
    net = described(equations, {"shown": "shown"}, {"tau": 20 * ms, "rest": -70 * mV})
    steps = np.array([[0.0] * 4, [10.0, 5.0, 1.0, -1.0]]) * mV
    return net, Schedule({"shown": steps}, presentation=500 * ms)

def noisy():
    return described(
        "dv/dt = (stimulus - v)/tau + sigma*tau**-0.5*xi : 1\\nstimulus : 1",
        {},
        {"tau": 20 * ms, "sigma": 0.1},
    )
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def test_a_model_in_volts_settles_to_its_numerical_reference(own, tmp_path):
    folder = tmp_path / "result"
    config = traces.Config(model=f"{own}:voltages", dt="1ms", engine="torch")
    result, data = measured(config, folder)
    assert result["reference"] == "the numerical reference"
    assert data["v_cells"].attrs["units"] == data["equilibrium_v_cells"].attrs["units"] == "V"
    # a step of 10 mV, 25 time constants of 20 ms later, by Euler steps of 1 ms: 0.95^500 = 7e-12
    assert result["largest_distance_at_end"][-1] < 1e-13
    np.testing.assert_allclose(data["equilibrium_v_cells"][1, 0], -0.06, rtol=1e-12)
    assert result["settling_to_1_percent"]["cells"]["v"]["stages_ms"] is None
    traces.draw(folder)
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "the numerical reference" in page
    assert "Algorithm 1" not in page


def test_a_network_without_rest_is_drawn_and_says_so(own, tmp_path):
    folder = tmp_path / "result"
    config = traces.Config(model=f"{own}:noisy", dt="1ms", engine="torch", presentation="50ms")
    result, data = measured(config, folder)
    assert "contains 'xi'" in result["without_rest"]
    assert "equilibrium_v_cells" not in data
    traces.draw(folder)
    assert "no equilibrium" in traces.sentences(result)[0]
    assert not (folder / "settling.png").exists()
