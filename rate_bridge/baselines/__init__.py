"""What a data set is worth without a network: rivals that cost nothing."""

from rate_bridge.baselines.registry import BASELINES, Fitted, fitted

__all__ = ["BASELINES", "Fitted", "fitted"]
