"""Objects of neo, for Elephant and its kind: signals, epochs and spike trains with annotations."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from experiments.export.recorded import RunRecording, check_installed


def neo_block(run: RunRecording) -> Any:
    """The recording as ``neo.Block`` with one segment.

    Raises
    ------
    RuntimeError
        Where neo is not installed.
    """
    check_installed("neo", "neo")
    import neo
    import quantities as pq

    block = neo.Block(name=run.name, description=run.description, identifier=run.identifier)
    segment = neo.Segment(name=run.name, rec_datetime=run.begun.replace(tzinfo=None))
    block.segments.append(segment)
    for trace in run.traces:
        told = {"name": trace.name, "variable": trace.variable, "population": trace.population}
        told["compartment"] = trace.compartment
        unit = pq.dimensionless if trace.unit == "1" else trace.unit
        numbers = {"neuron": trace.neurons}
        step = run.step_ms
        if step is None:
            signal = neo.IrregularlySampledSignal(
                run.time_ms, trace.values, unit, time_units="ms", array_annotations=numbers, **told
            )
            segment.irregularlysampledsignals.append(signal)
        else:
            signal = neo.AnalogSignal(
                trace.values,
                unit,
                sampling_period=step * pq.ms,
                array_annotations=numbers,
                **told,
            )
            segment.analogsignals.append(signal)
    if run.presentations:
        segment.epochs.append(
            neo.Epoch(
                [one.start_ms for one in run.presentations] * pq.ms,
                [one.stop_ms - one.start_ms for one in run.presentations] * pq.ms,
                labels=np.array([one.words for one in run.presentations]),
                name="presentations",
                array_annotations={"target_on": [one.target_on for one in run.presentations]},
            )
        )
    end = float(run.time_ms[-1])
    for train in run.spikes:
        of: dict[str, Any] = {"population": train.population, "neuron": train.neuron}
        of["event"] = train.event
        last = max([end, *train.times_ms])
        segment.spiketrains.append(neo.SpikeTrain(train.times_ms, last, "ms", **of))
    return block


def write_neo(run: RunRecording, path: Path) -> None:
    """Pickle the block, which is how neo keeps every annotation; whole or not at all."""
    block = neo_block(run)
    from neo.io import PickleIO

    partial = path.with_name(f".partial-{path.name}")
    try:
        PickleIO(str(partial)).write(block)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
