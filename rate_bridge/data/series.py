"""Time series: now-casting of one column from the others, split by time.

Protocol of Lv et al. 2025 as released: windows with stride 1, input = the other columns at the
same steps, target = the last column, the last 20 % of the time for the test. Departures, because
they leak the future into training: the paper's code scales on all data, here mean and deviation
are those of the training part; of its first 80 % the last 10 points are held out for validation;
no window crosses from one part into the next.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from rate_bridge.data.csv_table import Array, columns_of
from rate_bridge.data.dataset import Dataset, Split
from rate_bridge.data.downloads import LARGEST_FILE, DataFile, Source, found, own_file
from rate_bridge.data.splits import time_bounds, windows

_LAI = "https://raw.githubusercontent.com/laiguokun/multivariate-time-series-data/master"
_ETT = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small"
_DCRNN = "https://github.com/liyaguang/DCRNN#data-preparation"
_ETTH1 = DataFile(
    "ETT-small/ETTh1.csv",
    f"{_ETT}/ETTh1.csv",
    "sha256:f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
)
_EXCHANGE = DataFile(
    "exchange_rate/exchange_rate.txt.gz",
    f"{_LAI}/exchange_rate/exchange_rate.txt.gz",
    "sha256:0127465b51e3cd3c360f8eb2be30cfd294689a2a55903eb8245aafc396626c7f",
    of="content",
)
_ELECTRICITY = DataFile(
    "electricity/electricity.txt.gz",
    f"{_LAI}/electricity/electricity.txt.gz",
    "md5:07d51dc39c404599ead932937985957b",
)
# The publishers of the two traffic sets give no hash: they are used when allowed by name.
_METR_LA = DataFile("METR-LA/metr-la.h5", _DCRNN, None, direct=False)
_PEMS_BAY = DataFile("PEMS-BAY/pems-bay.h5", _DCRNN, None, direct=False)


def etth1(source: Source, window: int = 32) -> Dataset:
    """ETTh1: 17,420 hours of 6 loads and the oil temperature of a transformer."""
    return _series_dataset("etth1", _ETTH1, _transformer_table, source, window)


def exchange_rate(source: Source, window: int = 32) -> Dataset:
    """Exchange rate: 7,588 days of 8 currencies (Lai et al. 2018)."""
    return _series_dataset("exchange-rate", _EXCHANGE, _text_table, source, window)


def electricity(source: Source, window: int = 32) -> Dataset:
    """Electricity: 26,304 hours of 321 clients (Lai et al. 2018)."""
    return _series_dataset("electricity", _ELECTRICITY, _text_table, source, window)


def metr_la(source: Source, window: int = 32) -> Dataset:
    """METR-LA: 34,272 times 5 minutes at 207 sensors (Li et al. 2018)."""
    return _series_dataset("metr-la", _METR_LA, _pandas_table, source, window)


def pems_bay(source: Source, window: int = 32) -> Dataset:
    """PEMS-BAY: 52,116 times 5 minutes at 325 sensors (Li et al. 2018)."""
    return _series_dataset("pems-bay", _PEMS_BAY, _pandas_table, source, window)


def series_file(
    source: Source,
    file: str,
    target: str,
    columns: Sequence[str] | None = None,
    window: int = 32,
) -> Dataset:
    """Any time series in a comma-separated file with a header line, as ETTh2 or METR-LA.

    Parameters
    ----------
    file : str
        The file's path, from the data folder. A file of the user's own has no official hash: its
        own is recorded.
    target : str
        Header of the column that is predicted.
    columns : sequence of str, optional
        Headers of the inputs; by default all others, but for a first column of dates.
    window : int
        Steps in a sequence.
    """
    content = own_file("series", file, source)
    read = columns_of(f"series, {Path(file).name}", content.content, target, columns)
    data = now_casting("series", read.values, window, [content.record], read.names)
    named = {"target": target, "inputs": list(read.names[:-1]), "left_out": list(read.left_out)}
    return replace(data, provenance={**data.provenance, "columns": named})


def now_casting(
    name: str,
    table: Array,
    window: int,
    files: list[dict[str, Any]],
    columns: Sequence[str] | None = None,
) -> Dataset:
    """Windows of all columns but the last, and of the last, in three parts of time.

    ``columns`` are the columns' names, for errors; by default their numbers.

    Raises
    ------
    ValueError
        If a value is not finite, a column is constant in the training part, there is no
        second column, or a part is shorter than the window.
    """
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"{name}: expected at least two columns, got shape {table.shape}.")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise ValueError(f"{name}: the value in row {row}, column {column} is not finite.")
    first, second = time_bounds(len(table))
    mean, deviation = table[:first].mean(0), table[:first].std(0)
    if (deviation == 0).any():
        constant = int(np.argmin(deviation))
        column = repr(columns[constant]) if columns else constant
        raise ValueError(
            f"{name}: column {column} is constant in the training part and cannot be scaled. Leave "
            "it out."
        )
    values = torch.from_numpy(((table - mean) / deviation).astype(np.float32))
    bounds = {"train": (0, first), "validation": (first, second), "test": (second, len(table))}

    def split(part: str) -> Split:
        start, end = bounds[part]
        cut = windows(f"{name}, {part}", values[start:end], window)
        return Split(cut[..., :-1], cut[..., -1:])

    provenance = {
        "files": files,
        "split": {"how": "by time, no window crosses a bound", "steps": bounds, "window": window},
        "scaling": {"how": "z-score with mean and deviation of the training part"},
        "task": "last column from the others at the same step",
    }
    return Dataset(
        name, "series", split("train"), split("validation"), split("test"), 1, provenance
    )


def _series_dataset(
    name: str, file: DataFile, reader: Callable[[bytes], Array], source: Source, window: int
) -> Dataset:
    content = found(name, file, source)
    try:
        table = reader(content.content)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"{name}: {file.path} cannot be read ({error}). Delete it and fetch it again from "
            f"{file.url}."
        ) from error
    return now_casting(name, table, window, [content.record])


def _transformer_table(content: bytes) -> Array:
    """Loads and, last, the oil temperature, under a header line and beside a date."""
    return columns_of("etth1", content, "OT").values


def _text_table(content: bytes) -> Array:
    """Comma-separated numbers without a header."""
    rows = [line.split(",") for line in content.decode("utf-8").split("\n") if line.strip()]
    return np.array(rows, dtype=np.float64)


def _pandas_table(content: bytes) -> Array:
    """The one table in an HDF5 file that pandas wrote (format 'fixed'): time by column."""
    with h5py.File(io.BytesIO(content), "r") as file:
        groups = [group for group in file.values() if "block0_values" in group]
        if len(groups) != 1:
            raise ValueError(f"expected one pandas table, found {len(groups)}")
        values = groups[0]["block0_values"]
        if 8 * values.size > LARGEST_FILE:
            raise ValueError(
                f"its table unpacks to {values.shape}, more than {LARGEST_FILE:,} bytes"
            )
        return np.asarray(values, dtype=np.float64)
