"""A network's description in continuous time as batched tensors, at the scale of whole data sets.

The same strings, the same order of a time step and the same integrators as
:func:`models.simulate`; compiled to torch calls that work in place on buffers made once. A batch
shows several presentations in parallel to one set of weights, whose change is averaged; copies are
networks with weights of their own.

>>> import numpy as np
>>> from models import Schedule, dll_network
>>> net = dll_network((3, 4, 2))
>>> run = simulate(net, Schedule({"stimulus": np.ones((8, 3))}), batch=4, record=("u",))
>>> run.traces.u_hidden1.dims
('time', 'batch', 'unit_hidden1')
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from brian2 import Quantity

from compartments.checks import check_kind, check_sequence
from compartments.event_records import of_copy
from models.network import Network
from models.noise import Noise
from models.run import Run
from models.schedule import Schedule
from models.state import State
from models.weights import WeightBundle
from rate_bridge.ode_engine.job import Asked, Job, Progress
from rate_bridge.ode_engine.state import state_of


@dataclass(frozen=True, eq=False, repr=False)
class CopiesRun:
    """What a simulation of independent copies left; as :class:`models.Run`, for all of them.

    Parameters
    ----------
    traces : xarray.Dataset
        With an axis ``copy``.
    weights : tuple of WeightBundle
        Of each copy, at the end.
    weight_history : xarray.Dataset
        For every weight matrix (time, copy, n_above, n_below) at the times asked for.
    seconds : dict of str to float
        Wall-clock time to ``build`` and to ``run``.
    end : State
        Everything at the end, with an axis of copies.
    events : xarray.Dataset
        The recorded events, sparse (:mod:`compartments.event_records`), with their ``copy``.
    """

    traces: xr.Dataset
    weights: tuple[WeightBundle, ...]
    weight_history: xr.Dataset
    seconds: dict[str, float]
    end: State
    events: xr.Dataset

    def __repr__(self) -> str:
        return f"{len(self.weights)} copies, the first: {self.of_copy(0)!r}"

    def of_copy(self, number: int) -> Run:
        """One copy alone; the seconds are those of all."""
        traces, history = (
            dataset.isel(copy=number, missing_dims="ignore")
            for dataset in (self.traces, self.weight_history)
        )
        end = self.end.of_copy(number)
        events = of_copy(self.events, number)
        return Run(traces, self.weights[number], history, self.seconds, end, events)


def simulate(
    network: Network,
    schedule: Schedule,
    *,
    batch: int = 1,
    dt: Quantity | None = None,
    record: Sequence[str] = (),
    record_dt: Quantity | None = None,
    record_units: Mapping[str, Sequence[int]] | None = None,
    weights_at: Sequence[Quantity] = (),
    plastic: bool = True,
    method: str = "euler",
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
    deferred: bool = True,
    seed: int = 0,
    noise: Noise | None = None,
    start: State | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a network through a schedule; what :func:`models.simulate` does with Brian2.

    Parameters
    ----------
    network : Network
        Starts with its initial states (0 unless told otherwise) and weights.
    schedule : Schedule
        Signals, and when synapses may learn. Its presentations are dealt out as consecutive
        minibatches of ``batch``, which run in parallel; all of one minibatch are equally long.
    batch : int
        Presentations shown in parallel to the same weights, whose changes are averaged.
    dt : Quantity
        Time step, 1 ms unless told otherwise.
    record, record_dt, record_units, weights_at, plastic, method
        As for :func:`models.simulate`; times count minibatches, not presentations.
    dtype : torch.dtype
        float64 or float32.
    device : str
        "cpu", "cuda", ...
    deferred : bool
        Gather the change of weights whose stimulus stands still
        (:mod:`rate_bridge.ode_engine.gathered`).
    seed : int
        For neurons whose equations draw random numbers (:mod:`compartments.noise`).
    noise : mapping of str to array, (step, n) or (step, batch, n), optional
        Numbers in place of some or all of these draws, by the names of traces (``xi_cells``).
    start : State, optional
        Where to begin instead: ``end`` of another run of the same network and batch.
    progress : callable, optional
        Called with the fraction that is done.

    Raises
    ------
    ValueError, TypeError
        For anything that does not fit, before the simulation begins.
    MemoryError
        If the run, its recording or the weights that are kept would not fit into memory.
    DivergenceError
        When a state or weight becomes NaN or leaves the bound.
    """
    asked = Asked(batch, dt, plastic, method, dtype, device, deferred, seed, noise, start, progress)
    kept = {"record": record, "record_dt": record_dt, "record_units": record_units}
    job = Job([network], [schedule], asked, {**kept, "weights_at": weights_at}, copied=False)
    traces, history, events, seconds = job.run()
    (weights,) = job.engine.weights
    return Run(traces, weights, history, seconds, state_of(job.engine), events)


def simulate_copies(
    networks: Sequence[Network],
    schedules: Schedule | Sequence[Schedule],
    *,
    batch: int = 1,
    dt: Quantity | None = None,
    record: Sequence[str] = (),
    record_dt: Quantity | None = None,
    record_units: Mapping[str, Sequence[int]] | None = None,
    weights_at: Sequence[Quantity] = (),
    plastic: bool = True,
    method: str = "euler",
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
    deferred: bool = True,
    seed: int | Sequence[int] = 0,
    noise: Noise | None = None,
    start: State | None = None,
    progress: Progress | None = None,
) -> CopiesRun:
    """Run independent copies side by side: seeds, rates, time constants.

    Parameters
    ----------
    networks : sequence of Network
        Of one structure; they may differ in weights and in the values of constants.
    schedules : Schedule or sequence of Schedule
        One for all, or one each; of equal length and timing.
    batch, dt, record, record_dt, record_units, weights_at, plastic, method, dtype, device
        As for :func:`simulate`.
    seed : int or sequence of int
        One for each copy; copy k of a single seed draws with seed + k.
    deferred, noise, start, progress
        As for :func:`simulate`.

    Raises
    ------
    ValueError, MemoryError, DivergenceError
        As :func:`simulate`; also for networks of different structure, schedules of different
        length or timing.
    """
    asked = Asked(batch, dt, plastic, method, dtype, device, deferred, seed, noise, start, progress)
    kept = {"record": record, "record_dt": record_dt, "record_units": record_units}
    nets = check_sequence("simulate_copies", "networks", networks, "Network")
    if isinstance(schedules, Schedule):
        schedules = [schedules] * len(nets)
    shown = check_sequence("simulate_copies", "schedules", schedules, "Schedule")
    for given, name, kind in ((nets, "networks", Network), (shown, "schedules", Schedule)):
        for item in given:
            check_kind("simulate_copies", name, item, kind, f"a sequence of {kind.__name__}")
    job = Job(nets, shown, asked, {**kept, "weights_at": weights_at}, copied=True)
    traces, history, events, seconds = job.run()
    weights = tuple(job.engine.weights)
    return CopiesRun(traces, weights, history, seconds, state_of(job.engine), events)
