"""What a dendrite does, tool by tool: each returns labelled arrays, with the theory beside them."""

from compartments.toolbox.attenuation import attenuation
from compartments.toolbox.coincidence import coincidence
from compartments.toolbox.fi_curve import fi_curve
from compartments.toolbox.frequency_response import frequency_response
from compartments.toolbox.linearize import linearize
from compartments.toolbox.phase_plane import phase_plane
from compartments.toolbox.step_response import step_response

__all__ = [
    "attenuation",
    "coincidence",
    "fi_curve",
    "frequency_response",
    "linearize",
    "phase_plane",
    "step_response",
]
