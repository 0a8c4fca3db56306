"""Learning rules: one small file each, by name from the registry."""

from rate_bridge.rules.base import Local, Rule
from rate_bridge.rules.registry import RULE_NAMES, RULES, make_rule

__all__ = ["RULES", "RULE_NAMES", "Local", "Rule", "make_rule"]
