"""G6: whether the circuit needs wiring that is exact."""

from experiments.audit.audit_test import AuditTest, TestOutcome
from experiments.audit.subjects import Audited
from models import Network
from rate_bridge.audit.evidence import verdict_of
from rate_bridge.audit.program import batch as random_batch
from rate_bridge.audit.program import made, roles
from rate_bridge.audit.transport import TRANSPORT_SIZES


def measure(subject: Audited, seed: int = 0) -> TestOutcome:
    """One-to-one pathways of a network; feedback that runs beside every forward synapse."""
    if subject.kind == "model":
        network = subject.network(seed=seed)
        exact = one_to_one_pathways(network)
        numbers = {"one-to-one pathways": len(exact)}
        why = f"One to one: {', '.join(exact)}." if exact else "No pathway is one to one."
        arrows = tuple((name, name) for name in exact)
        return TestOutcome(verdict_of(exact), why, numbers, (), arrows)
    model = made(subject.learner, TRANSPORT_SIZES, seed)
    parts = roles(model, random_batch(TRANSPORT_SIZES, 3, seed)[0])
    parameters = dict(model.named_parameters())
    shapes = {parameters[name].shape for name in parts.forward}
    beside = [name for name in parts.feedback if parameters[name].shape in shapes]
    numbers = {"one-to-one pathways": 0, "feedback matrices beside forward ones": len(beside)}
    why = (
        "No pathway is one to one. What is left when W and Theta have only a share of their "
        "synapses, chosen independently, is measured by learning."
    )
    return TestOutcome("holds", why, numbers)


def one_to_one_pathways(network: Network) -> tuple[str, ...]:
    """Names of the pathways in which each cell has one partner, and there are several."""
    return tuple(
        p.name
        for p in network.pathways
        if p.mask is not None
        and min(p.mask.shape) > 1
        and int(p.mask.sum(0).max()) == 1
        and int(p.mask.sum(1).max()) == 1
    )


WIRING = AuditTest(
    "G6",
    "wiring",
    "No synapse has to find one partner among many: no pathway is one to one.",
    0,
    "a pathway is one to one or it is not",
    measure,
)
