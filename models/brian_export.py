"""A description for one's own Brian2 script."""

from brian2 import Quantity, ms

from models.brian_network import BrianParts, brian_parts
from models.brian_signals import BrianSignals, FreeSignals
from models.brian_state import begin
from models.checks import check_dynamics, check_schedule
from models.network import Network
from models.schedule import Schedule
from models.state import State, check_start

EXPORT = "to_brian2"


def to_brian2(
    network: Network,
    schedule: Schedule | None = None,
    *,
    dt: Quantity | None = None,
    method: str = "euler",
    plastic: bool = True,
    start: State | None = None,
) -> BrianParts:
    """The groups, synapses and Brian2 network of a description: those that ``simulate`` runs.

    All names are resolved in the objects' own namespaces; ``namespace={}`` in ``run`` says so to
    Brian2, which otherwise looks through the script's variables, too. Monitors take the keywords
    ``parts.recording`` to see what ``simulate`` records. Code generation
    (``prefs.codegen.target``) and random numbers (``brian2.seed``) are set in Brian2, before.

    Parameters
    ----------
    network : Network
        The description.
    schedule : Schedule, optional
        Its signals. Without it they are variables to be set: inputs and their flags of the groups
        (``stimulus``, ``target_on``), and of plastic synapses ``learning`` (a rate, 0 Hz until
        then) and the rule's global signals; those of a synapse are one number.
    dt : Quantity
        Time step, 1 ms unless told otherwise.
    method : {"euler", "exponential_euler"}
        Integration of the neurons; weights always take Euler steps.
    plastic : bool
        False leaves all weights as they are.
    start : State, optional
        Where to begin instead: ``end`` of a run of the same network.

    Raises
    ------
    ValueError, TypeError
        For what :func:`models.simulate` refuses.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import StateMonitor, ms, prefs
    >>> from models import Schedule, dll_network, to_brian2
    >>> prefs.codegen.target = "numpy"
    >>> given = {"stimulus": np.ones((2, 3)), "target": np.zeros((2, 2))}
    >>> schedule = Schedule(given, presentation=50 * ms)
    >>> parts = to_brian2(dll_network((3, 4, 2)), schedule)
    >>> monitor = StateMonitor(parts.groups["output"], "error", record=True, **parts.recording)
    >>> parts.network.add(monitor)
    >>> parts.network.run(schedule.duration, namespace={})
    >>> monitor.error.shape, parts.weights.shapes["W1"]
    ((2, 100), (2, 4))

    Without a schedule, signals by hand:

    >>> parts = to_brian2(dll_network((3, 4, 2)))
    >>> parts.groups["input"].stimulus = [1.0, 0.5, -1.0]
    >>> parts.synapses["W0"].learning = 1 / (50 * ms)
    >>> parts.network.run(50 * ms, namespace={})
    """
    dt = 1 * ms if dt is None else dt
    check_dynamics(network, dt, method, plastic, EXPORT)
    if schedule is not None:
        check_schedule(network, schedule, dt, EXPORT)
    check_start(start, network, dt)
    signals = FreeSignals() if schedule is None else BrianSignals(schedule, dt)
    parts = brian_parts(network, signals, dt, method, plastic)
    if start is not None:
        begin(parts, start)
    return parts
