"""What a simulation left, in either engine."""

from dataclasses import dataclass

import xarray as xr

from models.representation import run_html, run_text
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
    """

    traces: xr.Dataset
    weights: WeightBundle
    weight_history: xr.Dataset
    seconds: dict[str, float]
    end: State

    def __repr__(self) -> str:
        return run_text(self)

    def _repr_html_(self) -> str:
        return run_html(self)
