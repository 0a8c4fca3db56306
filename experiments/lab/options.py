"""What several experiments ask for: domains of their options, and how much a copy takes."""

from typing import Annotated, Any

from compartments.domains import check_value, field_domains, such_that

Workers = Annotated[int, such_that("a whole number in 1..1024", lambda n: 1 <= n <= 1024)]
"""Threads or processes: more threads end torch in a segmentation fault."""

Several = Annotated[int, such_that("a whole number of 2 or more", lambda n: n >= 2)]
Depth = Annotated[int, such_that("a whole number in 1..1000", lambda n: 1 <= n <= 1000)]

COPY_BYTES = 20_000
"""The least that one network takes which runs beside others: its description and its tensors."""

PROCESS_BYTES = 300_000_000
"""About what a further process takes that has loaded Brian2 and torch."""


def check_options(config: Any) -> None:
    """Refuse the first field that is outside its domain, by its name on the command line.

    Raises
    ------
    ValueError
        With what was expected and what came.
    """
    for name, domain in field_domains(type(config)).items():
        check_value("", f"--{name.replace('_', '-')}", getattr(config, name), domain)
