"""One call to the batched engine: everything checked, built, shown, and what is kept of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
import xarray as xr
from brian2 import Quantity, ms

from compartments.checks import check_callable, check_kind
from compartments.domains import Count, Time, check_value
from compartments.recording import weight_traces
from models.brian_engine import Progress
from models.checks import check_recording, check_schedule
from models.network import Network
from models.noise import Noise, checked_noise
from models.sampling import SIMULATE, sampling
from models.schedule import Schedule
from models.state import State, check_start
from models.weights import WeightBundle
from rate_bridge.devices import real_dtype
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.ode_engine.event_recording import EventRecorder
from rate_bridge.ode_engine.minibatches import Dealt, common_timings, common_waveforms
from rate_bridge.ode_engine.recording import Recorder
from rate_bridge.ode_engine.state import begin

TENSOR_STEP_SECONDS = 1e-5
"""The least that a time step of the smallest network takes."""


@dataclass(frozen=True)
class Asked:
    """How it is to be run."""

    batch: int
    dt: Quantity | None
    plastic: bool
    method: str
    dtype: torch.dtype
    device: str | torch.device
    deferred: bool
    seed: int | Sequence[int]
    noise: Noise | None
    start: State | None
    progress: Progress | None


class Recorded(NamedTuple):
    """What is kept of a run: traces, weights at the chosen times, events, the seconds it took."""

    traces: xr.Dataset
    history: xr.Dataset
    events: xr.Dataset
    seconds: dict[str, float]


class Job:
    """An engine, the schedules that it is to be run through, and what is kept of it."""

    def __init__(
        self,
        nets: list[Network],
        schedules: list[Schedule],
        asked: Asked,
        kept: dict[str, Any],
        copied: bool,
    ) -> None:
        start = time.perf_counter()
        self._asked, self._copied = asked, copied
        dt = 1 * ms if asked.dt is None else asked.dt
        self._check(nets, schedules, dt)
        self.timings = common_timings(schedules, asked.batch, dt)
        steps = sum(timing.period for timing in self.timings)
        self.sampling = sampling(nets[0], dt=dt, **kept, steps=steps)
        each = real_dtype(SIMULATE, asked.dtype).itemsize
        check_recording(
            self.sampling,
            nets,
            value_bytes=each * asked.batch * len(nets),
            weight_bytes=16,  # in float64, and once more in the result
            kept=len(self.sampling.keep),
            step_seconds=TENSOR_STEP_SECONDS,
            parallel=asked.batch * len(nets),
        )
        self.engine = OdeEngine(
            nets if copied else nets[0],
            self.timings[0],
            batch=asked.batch,
            dt=dt,
            method=asked.method,
            dtype=asked.dtype,
            device=asked.device,
            plastic=asked.plastic,
            deferred=asked.deferred,
            waveforms=common_waveforms(schedules),
            seed=asked.seed,
            noise=checked_noise(nets[0], asked.noise, steps),
        )
        if asked.start is not None:
            begin(self.engine, asked.start)
        self._dealt = Dealt(self.engine, schedules, self.timings)
        self._built = time.perf_counter() - start

    def _check(self, nets: list[Network], schedules: list[Schedule], dt: Quantity) -> None:
        """Refuse what cannot be run; each schedule is held against its network."""
        check_callable(SIMULATE, "progress", self._asked.progress)
        check_value(SIMULATE, "dt", dt, Time)
        check_value(SIMULATE, "plastic", self._asked.plastic, bool)
        check_value(SIMULATE, "batch", self._asked.batch, Count)
        if not nets or len(schedules) != len(nets):
            raise ValueError(
                f"{len(schedules)} schedules for {len(nets)} copies; give one, or one each."
            )
        for net, schedule in zip(nets, schedules, strict=True):
            check_kind(SIMULATE, "network", net, Network, "Network(...) or dll_network(sizes)")
            check_schedule(net, schedule, dt)
        batch = () if self._asked.batch == 1 else (self._asked.batch,)
        copies = (len(nets),) if self._copied else ()
        check_start(self._asked.start, nets[0], dt, copies, batch)

    def run(self) -> Recorded:
        """Show everything; what is kept of it."""
        recorder = Recorder(self.engine, self.sampling)
        events = EventRecorder(self.engine, self.sampling)
        history = _History(self.engine, self.sampling.keep)

        def probe(engine: OdeEngine, step: int) -> None:
            recorder(engine, step)
            events(engine, step)
            history(engine, step)

        wanted = self.sampling.units or self.sampling.keep or self.sampling.events
        seconds = self._shown(probe if wanted else None, self._asked.progress)
        history.finish(self.engine)
        events.finish(self.engine)
        happened = events.dataset(self.engine)
        return Recorded(recorder.dataset(), history.dataset(), happened, seconds)

    def _shown(self, probe: Callable | None, progress: Progress | None) -> dict[str, float]:
        """Show everything; returns the seconds it took."""
        start = time.perf_counter()
        for number, timing in enumerate(self.timings):
            self.engine.present(*self._dealt.minibatch(number), probe, timing)
            self.engine.check()
            if progress is not None:
                progress((number + 1) / len(self.timings))
        return {"build": self._built, "run": time.perf_counter() - start}


class _History:
    """Weights at chosen times."""

    def __init__(self, engine: OdeEngine, steps: Sequence[int]) -> None:
        self._dt_ms = float(engine.dt / ms)
        self._steps, self._wanted = steps, frozenset(steps)
        self._copied = engine.copied
        self._kept: dict[int, list[WeightBundle]] = {}

    def __call__(self, engine: OdeEngine, step: int) -> None:
        if engine.steps_done in self._wanted:
            engine.settle_weights(step)
            self._kept[engine.steps_done] = engine.weights

    def finish(self, engine: OdeEngine) -> None:
        """After the last step, when all weights are settled."""
        if engine.steps_done in self._wanted:
            self._kept[engine.steps_done] = engine.weights

    def dataset(self) -> xr.Dataset:
        """For every pathway an array (time, n_above, n_below); of copies (time, copy, ...)."""
        moments = [self._kept[step] for step in self._steps]
        names = moments[0][0] if moments else ()
        kept = {
            name: np.array([[bundle[name] for bundle in bundles] for bundles in moments])
            for name in names
        }
        if not self._copied:
            kept = {name: array[:, 0] for name, array in kept.items()}
        return weight_traces(np.array(self._steps) * self._dt_ms, kept)
