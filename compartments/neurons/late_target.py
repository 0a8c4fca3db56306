"""A target that arrives late: behind the first-order stages that a prediction has passed."""

from collections.abc import Sequence

from brian2 import Equations

from compartments.traces import delay_line


def with_late_target(equations: Equations) -> Equations:
    """The same equations, reading the target, and whether it is there, behind its stages."""
    late = {name: f"late_{name}" for name in ("target", "target_on")}
    kept = [line for line in equations.values() if line.varname not in late]
    return Equations(kept).substitute(**late)


def late_target(taus: Sequence[str]) -> Equations:
    """The stages: of the target, and of whether it is there."""
    return (
        Equations("target : 1\ntarget_on : 1")
        + delay_line("target", "late_target", taus)
        + delay_line("target_on", "late_target_on", taus)
    )
