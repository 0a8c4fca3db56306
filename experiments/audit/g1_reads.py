"""G1: what every update reads, and whether a synapse can know it (claim C2, locality)."""

from functools import cache

from experiments.audit.audit_test import AuditTest, TestOutcome
from experiments.audit.controls import KNOWN_LEARNERS, KNOWN_NETWORKS, controls
from experiments.audit.subjects import Audited
from models import Network
from rate_bridge.audit.circuit import OpenCircuit
from rate_bridge.audit.evidence import verdict_of
from rate_bridge.audit.learner_reads import learner_reads
from rate_bridge.audit.named import Disagreement, reads
from rate_bridge.audit.program import HeldPass, Learner, batch, made, roles
from rate_bridge.audit.reads import SEEN_FROM, Read, Reads

READ_SIZES = (2, 4, 3, 2)
"""Of learners: small, because every scalar is changed in turn, and of different widths."""


def measure(subject: Audited, seed: int = 0) -> TestOutcome:
    """Reads of a network by derivative, of a learner by intervention."""
    numbers: dict[str, float] = {}
    found, differ = reads_of(subject, seed)
    if subject.kind == "model":
        assert differ is not None
        numbers |= {
            "derivative and strings agree": differ.agreed,
            "missed by the strings": differ.missed,
            "false in the strings": differ.false,
        }
        run = controls(
            _network_control,
            0.0,
            {"dll": "holds", "dll theta_rule=kp": "fails"},
            "places read beyond the synapse",
        )
    else:
        run = controls(
            _learner_control,
            0.0,
            {"fa": "holds", "dll-minus": "holds", "nothing": "holds", "neighbour": "fails"},
            "places read beyond the synapse",
        )
    beyond = found.beyond()
    numbers = {
        "places read beyond the synapse": len(beyond),
        "scalars read per synapse": found.scalars_per_synapse(),
        "global signals": len(found.global_signals()),
        "farthest place": max((r.place for r in found.of_synapses()), default=0),
        **numbers,
    }
    verdict = verdict_of(beyond)
    return TestOutcome(
        verdict,
        why(found, beyond),
        numbers,
        run,
        tuple(r.arrow for r in beyond),
    )


def why(found: Reads, beyond: list[Read]) -> str:
    """In words, what synapses read."""
    if beyond:
        said = "; ".join(
            f"{r.row.label} reads {r.column.label} ({SEEN_FROM[r.place]})" for r in beyond
        )
        return f"{said}."
    signals = found.global_signals()
    shared = f"; global signals: {', '.join(signals)}" if signals else ""
    return f"Every synapse reads at most {found.scalars_per_synapse()} known scalars{shared}."


@cache
def reads_of(subject: Audited, seed: int = 0) -> tuple[Reads, Disagreement | None]:
    """What a subject reads; of a network beside what its strings say."""
    if subject.kind == "model":
        return of_network(subject.network(seed=seed))
    return of_learner(subject.learner, seed), None


def of_network(network: Network) -> tuple[Reads, Disagreement]:
    """By automatic differentiation, beside what the strings say."""
    return reads(OpenCircuit(network))


def of_learner(learner: Learner, seed: int = 0) -> Reads:
    """By changing one scalar after another between forward and backward."""
    model = made(learner, READ_SIZES, seed)
    inputs, labels = batch(READ_SIZES, 2, seed)
    return learner_reads(HeldPass(model, inputs, labels), roles(model, inputs), seed)


@cache
def _learner_control(name: str) -> float:
    return float(len(of_learner(KNOWN_LEARNERS[name]).beyond()))


@cache
def _network_control(name: str) -> float:
    return float(len(of_network(KNOWN_NETWORKS[name]())[0].beyond()))


READS = AuditTest(
    "G1",
    "reads",
    "C2: every weight changes by what its synapse can know: what its axon sends, the compartment "
    "where it ends and those coupled to that, its own state, and declared global signals.",
    0.0,
    "what is not read comes out the same bit for bit: one place read elsewhere is too many",
    measure,
)
