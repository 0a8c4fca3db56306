"""What a data set is worth without a network: rivals that cost nothing."""

from rate_bridge.baselines.registry import BASELINES, FittedBaseline, fitted

__all__ = ["BASELINES", "FittedBaseline", "fitted"]
