"""``tuft steady-state``: a microcircuit at rest learns to classify images."""
