"""Recordings for other tools: NWB, neo, CSV."""
