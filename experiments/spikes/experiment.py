"""``tuft spikes``: neurons that fire, and Dendritic Localized Learning by events.

Four parts: both engines held against each other spike for spike; single cells against the textbook;
the chance of events in a spiking DLL network against theory, its mean against Algorithm 1; digits
learned and answered by events, beside the graded network at its own best rate.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Quantity, ms

from compartments.checks import check_name
from compartments.domains import Count
from compartments.event_records import EVENT_BYTES
from compartments.sizes import check_size
from experiments.lab.progress import Report, portion
from experiments.lab.runner import FolderName, SeededConfig
from experiments.spikes import scenes
from experiments.spikes.figures import draw, sentences
from experiments.spikes.moments import CHANCE_SWEEPS, Held, prefactor, slope, sweeps, theta_decay
from experiments.spikes.networks import FIRING, deterministic, given_numbers, shown, with_chance
from experiments.spikes.plans import FIRING_PLANS
from experiments.spikes.tuning import tuned
from models import Network, simulate
from models.brian_engine import STEP_SECONDS
from rate_bridge import ode_engine

__all__ = ["Config", "draw", "failure", "measure", "sentences"]

NO_PLAN = "none"


@dataclass(frozen=True)
class Config(SeededConfig):
    """Neurons that fire: engines spike for spike, chance against theory, digits by events."""

    plan: str = NO_PLAN
    """What is learned: none, small (a minute), digits or digits-300 (an hour)."""
    steps: Count = 2500
    """Time steps for which the engines are held against each other."""
    units: Count = 20_000
    """Units, each a sample, for the chance of events."""
    name: FolderName = "spikes"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("", "--plan", self.plan, (NO_PLAN, *FIRING_PLANS))
        longest = max(CHANCE_SWEEPS["window_ms"])
        check_size(
            "spikes",
            "--units or --steps",
            needed_bytes=2 * EVENT_BYTES * longest * self.units,
            least_seconds=STEP_SECONDS["numpy"] * len(FIRING) * self.steps,
        )

    @property
    def plan_hash(self) -> str:
        """Of what is learned; none without a plan."""
        return "" if self.plan == NO_PLAN else FIRING_PLANS[self.plan].hash


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """All four parts; the events and traces of a scene go into files."""
    last = 0.95 if config.plan == NO_PLAN else 0.2
    result: dict[str, Any] = {"equality": equality(config.steps, portion(progress, 0, last / 2))}
    result["scene"] = scenes.save_scene(folder, config.seed)
    result["clipped"] = scenes.clipped_share(config.seed)
    result["rates"] = scenes.rates_against_theory()
    result["bursts"] = scenes.bursts_against_apical_input()
    found = sweeps(Held(units=config.units), config.seed)
    result["chance"] = {name: [row._asdict() for row in rows] for name, rows in found.items()}
    result["slopes"] = [
        {
            "varied": name,
            "of": of,
            "slope": slope(found[name], name, of),
            "prefactor": prefactor(found[name], of),
        }
        for name in CHANCE_SWEEPS
        for of in ("activity", "error")
    ]
    result["theta_decay"] = theta_decay(seed=config.seed)._asdict()
    progress(last)
    if config.plan != NO_PLAN:
        plan = FIRING_PLANS[config.plan]
        result["learning"] = tuned(plan, config.kept, portion(progress, last, 1.0))
    return result


def equality(steps: int, progress: Report) -> list[dict[str, Any]]:
    """Every network with events in both engines: how many events, and how far apart they are."""
    rows = []
    for number, case in enumerate(FIRING):
        rows.append(_compared(case, deterministic(case), steps, {}))
        progress((number + 1) / (len(FIRING) + 1))
    given = {"noise": given_numbers(steps)}
    rows.append(_compared("escape noise, given numbers", with_chance(), steps, given))
    return rows


def _compared(case: str, network: Network, steps: int, settings: dict[str, Any]) -> dict[str, Any]:
    names = tuple(event.name for event in network.population("cells").neuron.events)
    presentations = 5 if steps % 5 == 0 else 1
    length: Quantity = steps // presentations * ms
    plan = shown(network, presentations, length)
    one, other = (
        run(network, plan, record=(*names, "v"), **settings)
        for run in (simulate, ode_engine.simulate)
    )
    counts = [one.events.sizes[f"{name}_cells"] for name in names]
    same = all(
        one.events[name].shape == other.events[name].shape
        and np.allclose(one.events[name], other.events[name], atol=1e-9)
        for name in one.events
    )
    apart = float(np.abs(one.traces.v_cells - other.traces.v_cells).max())
    return {"case": case, "steps": steps, "events": sum(counts), "same": same, "apart": apart}


def failure(result: Any) -> str | None:
    """A network whose events are not the same in both engines."""
    for row in result["equality"]:
        if not row["same"]:
            return f"{row['case']}: the engines' events differ."
    return None
