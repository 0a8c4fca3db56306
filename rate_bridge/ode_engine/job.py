"""One call to the batched engine: everything checked, built, shown, and what is kept of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from brian2 import Quantity, ms
from torch import Tensor

from compartments.checks import check_callable, check_kind
from compartments.domains import Count, Time, check_value
from compartments.recording import weight_traces
from models.checks import check_recording, check_schedule
from models.network import Network
from models.sampling import WHERE, sampling
from models.schedule import Schedule
from models.weights import WeightBundle
from rate_bridge.devices import real_dtype
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.ode_engine.recording import Recorder

Progress = Callable[[float], None]
"""Called after every minibatch with the fraction that is done."""

STEP_SECONDS = 1e-5
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
    progress: Progress | None


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
        timing = self._timing(nets, schedules, dt)
        self.count = minibatches(schedules[0], asked.batch)
        self.sampling = sampling(nets[0], schedules[0], dt=dt, **kept, presentations=self.count)
        each = real_dtype(WHERE, asked.dtype).itemsize
        check_recording(
            self.sampling,
            nets,
            value_bytes=each * asked.batch * len(nets),
            weight_bytes=16,  # in float64, and once more in the result
            kept=len(self.sampling.keep),
            step_seconds=STEP_SECONDS,
        )
        self.engine = OdeEngine(
            nets if copied else nets[0],
            timing,
            batch=asked.batch,
            dt=dt,
            method=asked.method,
            dtype=asked.dtype,
            device=asked.device,
            plastic=asked.plastic,
            deferred=asked.deferred,
        )
        self._stimuli = self._dealt([s.inputs for s in schedules])
        targets = [s.targets for s in schedules if s.targets is not None]
        whole = len(targets) == len(schedules)
        self._targets = self._dealt(targets) if whole else None
        self._target_on = self._dealt([s.target_on[:, None] for s in schedules])
        self._built = time.perf_counter() - start

    def _timing(self, nets: list[Network], schedules: list[Schedule], dt: Quantity) -> Timing:
        """The timing of all schedules, each checked against its network."""
        check_callable(WHERE, "progress", self._asked.progress)
        check_value(WHERE, "dt", dt, Time)
        check_value(WHERE, "plastic", self._asked.plastic, bool)
        if not nets or len(schedules) != len(nets):
            raise ValueError(
                f"{len(schedules)} schedules for {len(nets)} copies; give one, or one each."
            )
        for net, schedule in zip(nets, schedules, strict=True):
            check_kind(WHERE, "network", net, Network, "Network(...) or dll_network(sizes)")
            check_schedule(net, schedule, dt, self._asked.plastic)
        return _common_timing(schedules, dt)

    def _dealt(self, arrays: Sequence[np.ndarray]) -> Tensor:
        """(minibatch, batch, unit), or (minibatch, copy, batch, unit)."""
        buffers = self.engine.buffers
        values = torch.as_tensor(np.stack(arrays) if self._copied else np.array(arrays[0]))
        values = values.to(buffers.device, buffers.dtype).unflatten(-2, (self.count, -1))
        return values.transpose(0, 1) if self._copied else values

    def run(self) -> tuple[xr.Dataset, xr.Dataset, dict[str, float]]:
        """Show everything; traces, weights at the chosen times, and the seconds it took."""
        recorder = Recorder(self.engine, self.sampling)
        history = _History(self.engine, self.sampling.keep)

        def probe(engine: OdeEngine, step: int) -> None:
            recorder(engine, step)
            history(engine, step)

        wanted = self.sampling.units or self.sampling.keep
        seconds = self._shown(probe if wanted else None, self._asked.progress)
        return recorder.dataset(), history.dataset(), seconds

    def _shown(self, probe: Callable | None, progress: Progress | None) -> dict[str, float]:
        """Show everything; returns the seconds it took."""
        start = time.perf_counter()
        for number in range(self.count):
            targets = None if self._targets is None else self._targets[number]
            self.engine.present(self._stimuli[number], targets, self._target_on[number], probe)
            self.engine.check()
            if progress is not None:
                progress((number + 1) / self.count)
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


def _common_timing(schedules: Sequence[Schedule], dt: Quantity) -> Timing:
    first = Timing.of(schedules[0], dt)
    for number, schedule in enumerate(schedules):
        if Timing.of(schedule, dt) != first or len(schedule) != len(schedules[0]):
            raise ValueError(
                f"The schedule of copy {number} differs from that of copy 0 in length or timing; "
                "copies run side by side and need both to be the same."
            )
    return first


def minibatches(schedule: Schedule, batch: int) -> int:
    """How many minibatches a schedule is dealt out as.

    Raises
    ------
    ValueError
        If the batch does not divide the number of presentations.
    """
    check_value(WHERE, "batch", batch, Count)
    count, left = divmod(len(schedule), batch)
    if left or not count:
        raise ValueError(
            f"A schedule of {len(schedule)} presentations cannot be dealt out in batches of "
            f"{batch}: {left} are left over. Give {max(count, 1) * batch} presentations, or "
            "another batch."
        )
    return count
