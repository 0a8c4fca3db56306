"""The one gate through which every string of a description passes: strings are data.

Brian2 hands what it reads to sympy, and sympy evaluates strings; so nothing reaches either before
it has been read here, with Python's own ``ast``, and found to consist of names, numbers, operators
and calls of known functions, of bounded size.
"""

from compartments.strings.equations import checked_equations
from compartments.strings.expressions import Expression, condition, expression
from compartments.strings.identifiers import new_name, plain_name
from compartments.strings.statements import Statement, statements
from compartments.strings.units import declared_unit, unit

__all__ = [
    "Expression",
    "Statement",
    "checked_equations",
    "condition",
    "declared_unit",
    "expression",
    "new_name",
    "plain_name",
    "statements",
    "unit",
]
