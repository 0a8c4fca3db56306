"""Recording from the batched engine, in the form of :mod:`compartments.recording`.

With a batch or with copies the arrays have those axes between time and unit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import sympy
import torch
import xarray as xr
from torch import Tensor

from compartments.recording import TIME_MS, trace_attributes, trace_name, unit_dimension
from models.checks import hazard_notes, unchecked_steps
from models.sampling import Sampling
from models.state import Key
from rate_bridge.ode_engine.block import Call
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.ode_engine.program import Program


class _Source(NamedTuple):
    """Where a program finds what is recorded: calls to make first, then tensors to read."""

    calls: list[Call]
    tensors: dict[Key, Tensor]


class Recorder:
    """Keeps chosen variables every so many steps; its memory is reserved before the run.

    Parameters
    ----------
    engine : OdeEngine
        What is recorded from.
    sampling : Sampling
        What is recorded when.
    """

    def __init__(self, engine: OdeEngine, sampling: Sampling) -> None:
        self.engine, self.every, self.taken = engine, sampling.every, 0
        self.units = {name: index for name, (_, index) in sampling.units.items()}
        keys = [(name, place) for place, (names, _) in sampling.units.items() for name in names]
        lead = (*engine.buffers.lead, engine.batch)
        shapes = {key: (sampling.samples, *lead, len(self.units[key[1]])) for key in keys}
        dtype = torch.empty(0, dtype=engine.buffers.dtype).numpy().dtype
        self.values = {key: np.empty(shape, dtype) for key, shape in shapes.items()}
        self._keys = keys
        self._sources: dict[int, _Source] = {}
        self._index = {
            name: torch.as_tensor(index, device=engine.buffers.device)
            for name, index in self.units.items()
            if len(index) < engine.nets[0].population(name).size
        }

    def __call__(self, engine: OdeEngine, step: int) -> None:
        """Take a sample, if it is time."""
        if engine.steps_done % self.every or not self.values:
            return
        program = engine.program_at(step)
        if id(program) not in self._sources:
            self._sources[id(program)] = _source(program, self._keys)
        source = self._sources[id(program)]
        for call in source.calls:
            call.run()
        for (variable, population), tensor in source.tensors.items():
            if population in self._index:
                tensor = tensor.index_select(-1, self._index[population])
            self.values[variable, population][self.taken] = tensor.cpu().numpy()
        self.taken += 1

    def dataset(self) -> xr.Dataset:
        """What was recorded, time in ms, values in SI units."""
        engine = self.engine
        extra = [] if not engine.copied else ["copy"]
        extra += [] if engine.batch == 1 else ["batch"]
        arrays = {}
        for (variable, population), values in self.values.items():
            values = values.squeeze(-2) if engine.batch == 1 else values
            neuron = engine.nets[0].population(population).neuron
            arrays[trace_name(variable, population)] = xr.DataArray(
                values,
                dims=(TIME_MS, *extra, unit_dimension(population)),
                attrs=trace_attributes(variable, population, neuron),
            )
        recorded = {population for _, population in self.values}
        coordinates = {unit_dimension(n): np.asarray(self.units[n]) for n in sorted(recorded)}
        samples = max((len(values) for values in self.values.values()), default=0)
        time_ms = np.arange(samples) * self.every * engine.dt_s * 1e3
        attributes = {"dt_ms": engine.dt_s * 1e3, "engine": "torch"}
        attributes |= unchecked_steps(engine.nets[0], engine.method)
        attributes |= hazard_notes(engine.nets[0], engine.dt)
        dataset = xr.Dataset(arrays, coords={TIME_MS: time_ms, **coordinates}, attrs=attributes)
        dataset[TIME_MS].attrs["units"] = "ms"
        return dataset


def _source(program: Program, keys: Sequence[Key]) -> _Source:
    calls: list[Call] = []
    tensors = {}
    for variable, population in keys:
        block = program.blocks[population].fork(calls)
        value = block.full(sympy.Symbol(variable, real=True)).value
        assert isinstance(value, Tensor)
        tensors[variable, population] = value
    return _Source(calls, tensors)
