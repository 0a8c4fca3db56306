"""Tables of text: a folder with ``traces.csv``, ``columns.csv``, ``trials.csv`` and ``spikes.csv``.

Numbers are written as the shortest text that reads back to the last bit.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from experiments.export.recorded import RunRecording
from experiments.lab.storage import write_text


def write_csv(run: RunRecording, folder: Path) -> None:
    """Write the tables into a folder, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    named = [(f"{t.name}[{n}]", t, n) for t in run.traces for n in t.neurons]
    values = np.concatenate([np.asarray(t.values, dtype=float) for t in run.traces], axis=1)
    _table(
        folder / "traces.csv",
        ("time_ms", *(name for name, _, _ in named)),
        ((repr(float(time)), *map(repr, row)) for time, row in zip(
            run.time_ms, values.tolist(), strict=True)),
    )  # fmt: skip
    header = ("column", "population", "neuron", "compartment", "variable", "unit")
    rows = [(c, t.population, n, t.compartment, t.variable, t.unit) for c, t, n in named]
    _table(folder / "columns.csv", header, rows)
    if run.presentations:
        shown = [(p.start_ms, p.stop_ms, int(p.target_on), p.words) for p in run.presentations]
        _table(folder / "trials.csv", ("start_ms", "stop_ms", "target_on", "shown"), shown)
    if run.spikes:
        spikes = [
            (repr(float(t)), s.population, s.neuron, s.event)
            for s in run.spikes
            for t in s.times_ms
        ]
        _table(folder / "spikes.csv", ("time_ms", "population", "neuron", "event"), spikes)


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())
