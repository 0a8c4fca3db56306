"""``tuft law``: the error of one update against time, step and rate."""
