"""Which tests an audit has: one line each."""

from experiments.audit.audit_test import AuditTest
from experiments.audit.g1_reads import READS
from experiments.audit.g2_transport import TRANSPORT
from experiments.audit.g3_history import CLOCK_AND_MEMORY
from experiments.audit.g3_stages import STAGES

TESTS: dict[str, AuditTest] = {
    test.name: test for test in (READS, TRANSPORT, CLOCK_AND_MEMORY, STAGES)
}
"""By their names."""
