"""What a simulation left, in either engine."""

from dataclasses import dataclass, field

import xarray as xr

from compartments.representation import html_table
from models.state import State
from models.weights import WeightBundle


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """What a simulation left.

    Parameters
    ----------
    traces : xarray.Dataset
        The recorded variables (``u_hidden1`` and so on), time in ms, values in SI units, at the
        beginning of each time step. Its attribute ``dt_unchecked`` names the states that gave no
        bound on dt, if there are any.
    weights : WeightBundle
        Weights at the end.
    weight_history : xarray.Dataset
        Weights at the times asked for, (time, n_above, n_below) each, time in ms.
    seconds : dict of str to float
        Wall-clock time to ``build`` (generate and compile code) and to ``run``.
    end : State
        Everything at the end, from which another run can go on.
    events : xarray.Dataset
        The recorded events, sparse (:mod:`compartments.event_records`).
    """

    traces: xr.Dataset
    weights: WeightBundle
    weight_history: xr.Dataset
    seconds: dict[str, float]
    end: State
    events: xr.Dataset = field(default_factory=xr.Dataset)

    def __repr__(self) -> str:
        names = ", ".join(map(str, self.traces.data_vars))
        samples = self.traces.sizes.get("time", 0)
        recorded = f"{names} at {samples} times" if names else "nothing recorded"
        kept = self.weight_history.sizes.get("time", 0)
        parts = [recorded, repr(self.weights), *([f"weights at {kept} times"] if kept else [])]
        return f"Run in {sum(self.seconds.values()):.3g} s: {'; '.join(parts)}"

    def _repr_html_(self) -> str:
        rows = [
            (name, " x ".join(map(str, trace.shape)), trace.attrs.get("units", "1"))
            for name, trace in self.traces.data_vars.items()
        ]
        seconds = [(name, f"{value:.3g}") for name, value in self.seconds.items()]
        named = [str(n) for n in self.traces.sizes if not str(n).startswith("unit_")]
        traces = html_table("Traces", ("trace", " x ".join([*named, "unit"]), "unit"), rows)
        return traces + self.weights._repr_html_() + html_table("Seconds", ("to", "s"), seconds)
