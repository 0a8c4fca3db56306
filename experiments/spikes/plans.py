"""What ``tuft spikes --plan NAME`` learns: fixed before a test part is looked at.

For every number of cells the rate is selected on validation samples, answered by events, by the
mean over the last three epochs, with the seeds of the search; then other seeds learn with it, and
the test part is answered once. The graded network is tuned likewise on the same samples.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

from experiments.spikes.learning import GRADED, FiringCell


@dataclass(frozen=True)
class FiringPlan:
    """Cells to be tuned and then tested.

    Parameters
    ----------
    rows : mapping of str to FiringCell
        What is compared, by name; their rates are the grid, their seeds those of the search.
    seeds : tuple of int
        Of what is tested.
    epochs : int, optional
        For which that learns; as long as the search unless told otherwise.
    """

    rows: Mapping[str, FiringCell]
    seeds: tuple[int, ...]
    epochs: int | None = None

    @property
    def hash(self) -> str:
        """Of everything that a result depends on."""
        told: dict[str, Any] = {"rows": {n: asdict(c) for n, c in self.rows.items()}}
        told |= {"seeds": self.seeds} | ({"epochs": self.epochs} if self.epochs else {})
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def tested(self, name: str, eta: float) -> FiringCell:
        """What is tested: the selected rate, other seeds."""
        cell = self.rows[name]
        return replace(cell, etas=(eta,), seeds=self.seeds, epochs=self.epochs or cell.epochs)


_GRID = FiringCell(100, (0.25, 0.5, 1.0, 2.0), (10,), epochs=15, dt_ms=2.0)
_LONG = replace(_GRID, presentation_ms=300.0, dt_ms=5.0, epochs=8)
_SMALL = FiringCell(100, (0.5, 1.0), (10,), epochs=2, hidden=(20,), dt_ms=2.0)

FIRING_PLANS: Mapping[str, FiringPlan] = MappingProxyType(
    {
        "digits": FiringPlan(
            {
                "graded": replace(_GRID, cells=GRADED, etas=(0.25, 0.5, 1.0, 2.0, 4.0)),
                "100 cells": _GRID,
                "10 cells": replace(_GRID, cells=10),
                "1 cell": replace(_GRID, cells=1),
            },
            seeds=(0, 1, 2),
        ),
        "digits-300": FiringPlan(
            {
                "graded": replace(_GRID, cells=GRADED, etas=(0.5, 1.0, 2.0, 4.0)),
                "100 cells": replace(_LONG, etas=(1.0, 2.0, 3.0)),
                "10 cells": replace(_LONG, cells=10, etas=(0.5, 1.0, 2.0)),
            },
            seeds=(0, 1, 2),
            epochs=15,
        ),
        "small": FiringPlan(
            {"graded": replace(_SMALL, cells=GRADED), "100 cells": _SMALL}, seeds=(0,)
        ),
    }
)
"""Plans by name."""
