"""Events of the batched engine, kept as a sparse record."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from compartments.event_records import Moments, event_records
from models.sampling import Sampling
from rate_bridge.ode_engine.engine import OdeEngine


class EventRecorder:
    """Keeps chosen events: looks, before a step moves anything, at what the last one left.

    Parameters
    ----------
    engine : OdeEngine
        What is recorded from.
    sampling : Sampling
        Which events, of which neurons.
    """

    def __init__(self, engine: OdeEngine, sampling: Sampling) -> None:
        buffers, events = engine.buffers, sampling.events.items()
        self._fired = {
            (name, place): buffers.events[place, name]
            for place, (names, _) in events
            for name in names
        }
        self._units = {place: np.array(index) for place, (_, index) in events}
        self._kept: dict[tuple[str, str], list[np.ndarray]] = {key: [] for key in self._fired}
        self._axes = (("copy",) if engine.copied else ()) + (("batch",) if engine.batch > 1 else ())
        self._taken = 0

    def __call__(self, engine: OdeEngine, step: int) -> None:
        """Take the events of the step before."""
        if self._fired and engine.steps_done > self._taken:
            self._take(engine)

    def finish(self, engine: OdeEngine) -> None:
        """Take those of the last step."""
        self(engine, 0)

    def _take(self, engine: OdeEngine) -> None:
        self._taken = engine.steps_done
        for key, fired in self._fired.items():
            places = torch.nonzero(fired)
            if len(places):
                counts = fired[tuple(places.T)]
                self._kept[key].append(_rows(places, counts, engine.steps_done - 1))

    def dataset(self, engine: OdeEngine) -> xr.Dataset:
        """What happened, as :func:`compartments.event_records.event_records` says."""
        net, dt_ms = engine.nets[0], engine.dt_s * 1e3
        found = {}
        for (name, place), kept in self._kept.items():
            rows = np.concatenate(kept) if kept else np.zeros((0, 3 + len(self._lead(engine))), int)
            rows = rows[np.isin(rows[:, -2], self._units[place])]
            lead = self._lead(engine)
            at = {axis: rows[:, 1 + lead.index(axis)] for axis in self._axes}
            found[name, place] = Moments(rows[:, 0] * dt_ms, rows[:, -2], rows[:, -1], at)
        sizes = {population.name: population.size for population in net.populations}
        told = {"dt_ms": dt_ms, "duration_ms": engine.steps_done * dt_ms}
        return event_records(found, sizes, told)

    @staticmethod
    def _lead(engine: OdeEngine) -> list[str]:
        return ["copy", "batch"] if engine.copied else ["batch"]


def _rows(places: Tensor, counts: Tensor, step: int) -> np.ndarray:
    """A row an event: step, its place in the buffer, count."""
    found = places.cpu().numpy()
    steps = np.full((len(found), 1), step)
    return np.hstack([steps, found, counts.round().to(torch.int64).cpu().numpy()[:, None]])
