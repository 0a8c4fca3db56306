"""Closed forms that simulations are held against; each once, for tests, verification and pages."""

from models.theory.chains import chain_residual, chain_response, erlang_residual, euler_residual
from models.theory.meetings import (
    chances_of_meeting,
    eligibility_bias,
    eligibility_variance,
    same_presentation,
)
from models.theory.transients import integrated_errors, update_error_terms
from models.theory.weak_feedback import weak_feedback_surprises

__all__ = [
    "chain_residual",
    "chain_response",
    "chances_of_meeting",
    "eligibility_bias",
    "eligibility_variance",
    "erlang_residual",
    "euler_residual",
    "integrated_errors",
    "same_presentation",
    "update_error_terms",
    "weak_feedback_surprises",
]
