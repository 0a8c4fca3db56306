"""Recordings for other tools: the same numbers to the last bit, with names, units and times."""

import csv
from importlib.util import find_spec

import numpy as np
import pytest
import xarray as xr
from brian2 import ms

from compartments import hidden_neuron, load_traces, output_neuron, save_traces
from compartments.event_records import Moments, event_records
from compartments.recording import traces
from experiments.cli import main
from experiments.export import recorded as reading
from experiments.export.neo_objects import neo_block
from experiments.export.nwb import nwb_file, read_nwb, write_nwb
from experiments.export.recorded import recorded
from experiments.lab.storage import write_json

needs_nwb = pytest.mark.skipif(find_spec("pynwb") is None, reason="`make export` adds pynwb")
needs_neo = pytest.mark.skipif(find_spec("neo") is None, reason="`make export` adds neo")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """Two presentations of two layers, recorded every 0.7 ms, and some events."""
    folder = tmp_path_factory.mktemp("runs") / "traces"
    folder.mkdir()
    generator = np.random.default_rng(0)
    neurons = {
        "hidden1": hidden_neuron("h", "tanh", tau_u=9 * ms, tau_a=9 * ms, tau_x=5 * ms),
        "output": output_neuron("o", "tanh", tau_u=9 * ms, tau_x=5 * ms, beta=1.0),
    }
    values = {(v, name): generator.normal(size=(60, 2)) for name in neurons for v in ("u", "x")}
    units = {name: np.array([0, 1]) for name in neurons}
    data = traces(np.arange(60) * 0.7, values, units, {"dt_ms": 0.7}, neurons)
    data = data.assign_coords(presentation=[0.0, 21.0])
    data["theory_u"] = ("time", np.zeros(data.sizes["time"]))
    save_traces(data, folder / "traces.nc")
    times = np.array([0.7, 2.1, 2.1])
    found = {("spike", "hidden1"): Moments(times, np.array([0, 1, 1]), np.array([1, 1, 2]))}
    save_traces(event_records(found, {"hidden1": 2}, {"dt_ms": 0.7}), folder / "events.nc")
    told = {"presentation_ms": 21.0, "target_on": [False, True], "presented": ["a 3", "a 7"]}
    write_json(folder / "result.json", told)
    write_json(folder / "config.json", {"experiment": "traces"})
    return folder


def test_what_is_read_of_a_folder(run_folder):
    run = recorded(run_folder)
    assert run.left_out == ("theory_u",)
    assert {t.compartment for t in run.traces} == {"basal", "soma"}
    assert [p.stop_ms for p in run.presentations] == [21.0, 42.0]
    assert [train.times_ms.tolist() for train in run.spikes] == [[0.7], [2.1, 2.1, 2.1]]
    assert run.step_ms == pytest.approx(0.7)


def test_csv_reads_back_to_the_last_bit(run_folder, tmp_path, capsys):
    assert main(["export", str(run_folder), "--format", "csv", "--to", str(tmp_path / "csv")]) == 0
    assert "theory_u" in capsys.readouterr().out
    data = load_traces(run_folder / "traces.nc")
    with (tmp_path / "csv" / "traces.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    numbers = np.array(rows, dtype=float)
    np.testing.assert_array_equal(numbers[:, 0], data.time)
    for name in ("u_hidden1", "x_output"):
        columns = [k for k, column in enumerate(header) if column.startswith(f"{name}[")]
        np.testing.assert_array_equal(numbers[:, columns], data[name])
    columns = (tmp_path / "csv" / "columns.csv").read_text().splitlines()
    assert columns[0] == "column,population,neuron,compartment,variable,unit"
    assert "u_hidden1[1],hidden1,1,basal,u,1" in columns
    assert len((tmp_path / "csv" / "trials.csv").read_text().splitlines()) == 3
    assert len((tmp_path / "csv" / "spikes.csv").read_text().splitlines()) == 5


# what a simulation has not, and a folder of a test that is not the inspector's business
EXCEPTIONS = {
    "check_subject_exists": "there is no animal",
    "check_experimenter_exists": "nor a person beside it",
    "check_institution": "nor a laboratory",
    "check_column_binary_capability": "two neurons have the numbers 0 and 1",
    "check_ascending_spike_times": "a unit may stand for several cells, which fire in one step",
}


@needs_nwb
def test_nwb_is_valid_and_reads_back_to_the_last_bit(run_folder, tmp_path):
    import nwbinspector
    import pynwb

    path = tmp_path / "traces.nwb"
    assert main(["export", str(run_folder), "--to", str(path)]) == 0
    errors = pynwb.validate(path=str(path))
    assert list(errors) == []
    messages = list(nwbinspector.inspect_nwbfile(nwbfile_path=str(path)))
    unknown = [m for m in messages if m.check_function_name not in EXCEPTIONS]
    assert unknown == []
    data, found = load_traces(run_folder / "traces.nc"), read_nwb(path)
    np.testing.assert_array_equal(found.time, data.time)
    for name, array in data.drop_vars("theory_u").data_vars.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert found[name].attrs == array.attrs
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        content = file.read()
        assert content.trials.to_dataframe().stop_time.tolist() == [0.021, 0.042]
        units = content.units.to_dataframe()
        assert units.population.tolist() == ["hidden1", "hidden1"]
        np.testing.assert_array_equal(units.spike_times[1], np.full(3, 2.1) / 1e3)


@needs_nwb
def test_times_without_a_rate_are_written_out(run_folder, tmp_path):
    data = load_traces(run_folder / "traces.nc").isel(time=[0, 1, 3, 8])
    (tmp_path / "odd").mkdir()
    save_traces(data, tmp_path / "odd" / "traces.nc")
    run = recorded(tmp_path / "odd")
    assert run.step_ms is None
    series = nwb_file(run).acquisition["u_hidden1"]
    np.testing.assert_allclose(series.timestamps * 1e3, data.time, rtol=1e-15)  # one rounding
    write_nwb(run, tmp_path / "odd.nwb")
    np.testing.assert_array_equal(read_nwb(tmp_path / "odd.nwb").u_hidden1, data.u_hidden1)


@needs_neo
def test_neo_keeps_numbers_and_annotations(run_folder, tmp_path):
    block = neo_block(recorded(run_folder))
    (segment,) = block.segments
    data = load_traces(run_folder / "traces.nc")
    for signal in segment.analogsignals:
        np.testing.assert_array_equal(signal.magnitude, data[signal.name])
        assert signal.annotations["population"] == data[signal.name].attrs["population"]
        assert signal.annotations["compartment"] == data[signal.name].attrs["compartment"]
        assert signal.array_annotations["neuron"].tolist() == [0, 1]
    (epoch,) = segment.epochs
    assert epoch.labels.tolist() == ["a 3", "a 7"]
    assert [train.annotations["neuron"] for train in segment.spiketrains] == [0, 1]
    path = tmp_path / "block.pkl"
    assert main(["export", str(run_folder), "--format", "neo", "--to", str(path)]) == 0
    assert path.stat().st_size > 1000


@pytest.mark.parametrize(("form", "package"), [("nwb", "pynwb"), ("neo", "neo")])
def test_a_missing_library_is_named(form, package, run_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    options = ["--format", form, "--to", str(tmp_path / "file")]
    assert main(["export", str(run_folder), *options]) == 2
    said = capsys.readouterr().err
    assert f"--format {form} needs {package}" in said
    assert "pip install 'apical-tuft[export]'" in said
    assert list(tmp_path.iterdir()) == []


def test_refused(tmp_path, run_folder, capsys):
    assert main(["export", str(tmp_path)]) == 2
    assert "has no traces.nc" in capsys.readouterr().err
    (tmp_path / "here.nwb").touch()
    assert main(["export", str(run_folder), "--to", str(tmp_path / "here.nwb")]) == 2
    assert "exists; name another" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    save_traces(xr.Dataset({"a": ("time", np.zeros(2))}), tmp_path / "none" / "traces.nc")
    assert main(["export", str(tmp_path / "none")]) == 2
    assert "nothing to export" in capsys.readouterr().err
