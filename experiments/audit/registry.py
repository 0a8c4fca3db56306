"""Which tests an audit has: one line each."""

from experiments.audit.audit_test import AuditTest, LearnedTest
from experiments.audit.g1_reads import READS
from experiments.audit.g2_transport import TRANSPORT
from experiments.audit.g3_gate import GATE_WITHDRAWN
from experiments.audit.g3_history import CLOCK_AND_MEMORY
from experiments.audit.g3_stages import STAGES
from experiments.audit.g4_axons import ONE_AXON
from experiments.audit.g5_signs import SIGNS
from experiments.audit.g6_wiring import WIRING
from experiments.audit.g7_tolerance import TOLERANCES
from experiments.audit.g8_alignment import ALIGNMENT

TESTS: dict[str, AuditTest] = {
    test.name: test
    for test in (READS, TRANSPORT, CLOCK_AND_MEMORY, STAGES, ONE_AXON, SIGNS, WIRING)
}
"""By their names; these intervene."""

LEARNED_TESTS: dict[str, LearnedTest] = {
    test.name: test for test in (GATE_WITHDRAWN, TOLERANCES, ALIGNMENT)
}
"""By their names; these judge what learning has cost."""
