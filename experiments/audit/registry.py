"""Which tests an audit has: one line each."""

from types import ModuleType

from experiments.audit import g1_reads, g2_transport, g3_history, g3_stages

TESTS: dict[str, ModuleType] = {
    module.TEST: module for module in (g1_reads, g2_transport, g3_history, g3_stages)
}
"""From its name to its module, which has TITLE, CLAIM and ``finding(subject, seed)``."""
