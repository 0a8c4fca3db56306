"""``tuft remedies``: learning without phases."""
