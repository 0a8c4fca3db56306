"""Traces on disk: whole or not at all; damaged files are named."""

import numpy as np
import pytest
import xarray as xr

from compartments import load_traces, save_traces
from compartments.recording import traces
from compartments.sealed_files import add_seal


@pytest.fixture
def dataset():
    values = {("u", "hidden1"): np.arange(6.0).reshape(3, 2)}
    return traces(np.arange(3.0), values, {"hidden1": np.array([4, 7])}, {"dt_ms": 1.0})


def test_names_units_and_coordinates(dataset):
    assert dataset.u_hidden1.dims == ("time", "unit_hidden1")
    assert dataset.u_hidden1.attrs == {"units": "1", "variable": "u", "population": "hidden1"}
    assert dataset.unit_hidden1.values.tolist() == [4, 7]
    assert dataset.attrs == {"dt_ms": 1.0}


def test_what_was_saved_is_loaded(dataset, tmp_path):
    path = save_traces(dataset, tmp_path / "traces.nc")
    assert load_traces(path).identical(dataset)
    assert load_traces(str(path)).time.dtype == float  # "ms" stays a number


def test_full_disk_leaves_nothing(dataset, tmp_path, no_space):
    kept = save_traces(dataset, tmp_path / "traces.nc")
    before = kept.read_bytes()
    no_space(xr.Dataset, "to_netcdf")
    with pytest.raises(OSError, match="No space left"):
        save_traces(dataset, kept)
    assert [path.name for path in tmp_path.iterdir()] == ["traces.nc"]
    assert kept.read_bytes() == before


def test_damaged_and_missing_files_are_named(dataset, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No traces at .*none\.nc"):
        load_traces(tmp_path / "none.nc")
    path = save_traces(dataset, tmp_path / "traces.nc")
    content = path.read_bytes()
    for damaged in (b"", b"not netCDF", content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"traces\.nc carries no SHA-256 digest"):
            load_traces(path)
    path.write_bytes(b"not netCDF")
    add_seal(path)
    with pytest.raises(ValueError, match=r"traces\.nc is not a readable traces file"):
        load_traces(path)
