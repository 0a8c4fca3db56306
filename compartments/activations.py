"""Activation functions and their exact derivatives, as expressions in the basal drive ``z``.

The expressions are written so that they do not overflow for large ``|z|``, and are exact there to
rounding errors of order 1 (not relative to a value that vanishes).
"""

from dataclasses import dataclass

from brian2 import Equations

from compartments.checks import check_kind
from compartments.domains import Finite, Positive, check_value
from compartments.lookup import look_up
from compartments.strings import expression, new_name


@dataclass(frozen=True)
class Activation:
    """An activation f and its derivative f', both Brian2 expressions in ``z``.

    Parameters
    ----------
    name : str
        The name by which networks ask for it.
    function, derivative : str
        f(z) and f'(z), dimensionless.

    Raises
    ------
    ValueError
        For what :func:`compartments.strings.expression` refuses, and for other names than ``z``.
    TypeError
        For a name that is no text.
    """

    name: str
    function: str
    derivative: str

    def __post_init__(self) -> None:
        check_kind("Activation", "name", self.name, str, "'tanh', for example")
        for name, text in (("function", self.function), ("derivative", self.derivative)):
            where = f"Activation {self.name!r}, {name}"
            found = expression(where, text)
            if found.names - {"z"} or found.is_condition:
                raise ValueError(
                    f"{where}: {found.text!r} must be a number's expression in z alone; write "
                    "constants as numbers and conditions as int(z > 0)."
                )

    def equations(self, drive: str = "drive") -> Equations:
        """``prediction = f(drive)`` and ``gain = f'(drive)``, both dimensionless."""
        return Equations(
            f"""
            prediction = {self.function} : 1
            gain = {self.derivative} : 1
            """,
            z=new_name(f"Activation {self.name!r}", drive),
        )


TANH = Activation("tanh", "tanh(z)", "1 - tanh(z)**2")
LOGISTIC = Activation("logistic", "0.5*(1 + tanh(0.5*z))", "0.25*(1 - tanh(0.5*z)**2)")
# log(1 + exp(z)); with gain, slope and threshold: soft_rectifier
SOFTPLUS = Activation("softplus", "0.5*(z + abs(z)) + log1p(exp(-abs(z)))", "0.5*(1 + tanh(0.5*z))")
LINEAR = Activation("linear", "z", "1 + 0*z")


def soft_rectifier(gamma: float = 0.1, beta: float = 1.0, theta: float = 3.0) -> Activation:
    """gamma log(1 + exp(beta (z - theta))): the regression task of Sacramento et al. (2018).

    Raises
    ------
    ValueError
        For a gain or a slope that is not above 0, or a threshold that is not finite.
    """
    for name, value in (("gamma", gamma), ("beta", beta)):
        check_value("Soft rectifier", name, value, Positive)
    check_value("Soft rectifier", "theta", theta, Finite)
    y = f"({float(beta)!r}*(z - ({float(theta)!r})))"
    return Activation(
        "soft-rectifier",
        f"{float(gamma)!r}*(0.5*({y} + abs({y})) + log1p(exp(-abs({y}))))",
        f"{float(gamma) * float(beta)!r}*0.5*(1 + tanh(0.5*{y}))",
    )


SOFT_RECTIFIER = soft_rectifier()

ACTIVATIONS = {item.name: item for item in (TANH, LOGISTIC, SOFTPLUS, LINEAR, SOFT_RECTIFIER)}


def activation(name: str | Activation) -> Activation:
    """The activation of that name (an :class:`Activation` passes through).

    Raises
    ------
    ValueError
        For an unknown name; lists the valid ones and the nearest.
    """
    return name if isinstance(name, Activation) else look_up("activation", name, ACTIVATIONS)
