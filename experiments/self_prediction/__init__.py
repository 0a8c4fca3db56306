"""``tuft self-prediction``: interneurons learn to cancel what comes from above."""
