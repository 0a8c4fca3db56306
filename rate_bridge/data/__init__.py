"""Data sets as tensors: one loader each, checked by hash, cut the same way in every run."""

from rate_bridge.data.catalogue import DATASETS, load
from rate_bridge.data.dataset import Dataset, Split
from rate_bridge.data.downloads import DataFile, Source

__all__ = ["DATASETS", "DataFile", "Dataset", "Source", "Split", "load"]
