"""Neurons that fire, and Dendritic Localized Learning by events."""
