"""``tuft stream``: bias and noise of updates in an unbroken stream."""
