"""A plan carried out: rates selected on validation samples, then other seeds tested once."""

from typing import Any

import numpy as np

from experiments.lab.kept_results import KeptResults, cell_name
from experiments.lab.progress import Report
from experiments.spikes.learning import FiringCell, learned
from experiments.spikes.plans import FiringPlan

LAST = 3
"""Epochs at the end over which validation accuracy is averaged for the selection."""


def tuned(plan: FiringPlan, kept: KeptResults, progress: Report) -> dict[str, Any]:
    """Every row of a plan: its search, the rate that was selected, and what was tested with it.

    Parameters
    ----------
    plan : FiringPlan
        What is compared.
    kept : KeptResults
        Where parts that are done are kept.
    progress : callable
        Told the fraction that is done.
    """
    rows: dict[str, Any] = {}
    for number, (name, cell) in enumerate(plan.rows.items()):

        def share(fraction: float, part: int = 2 * number) -> None:
            progress((part + fraction) / (2 * len(plan.rows)))

        search = _kept(kept, f"{name} search", plan, cell, False, share)
        eta = selected(cell, search["validation"])

        def tested(fraction: float, part: int = 2 * number + 1) -> None:
            progress((part + fraction) / (2 * len(plan.rows)))

        found = _kept(kept, name, plan, plan.tested(name, eta), True, tested)
        at_edge = eta in (cell.etas[0], cell.etas[-1])
        rows[name] = {"search": search, "eta": eta, "at_edge": at_edge, "tested": found}
    return rows


def selected(cell: FiringCell, validation: Any) -> float:
    """The rate with the best mean accuracy over the last epochs and all seeds."""
    mean = np.asarray(validation, dtype=float)[-LAST:].mean((0, 2))
    return cell.etas[int(np.nanargmax(mean))]


def _kept(
    kept: KeptResults,
    label: str,
    plan: FiringPlan,
    cell: FiringCell,
    tested: bool,
    progress: Report,
) -> dict[str, Any]:
    file = cell_name(label.replace(" ", "-"), {"plan": plan.hash, "cell": cell, "tested": tested})
    return kept.one(file, lambda: learned(cell, tested, progress))
