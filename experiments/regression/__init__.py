"""``tuft regression``: a microcircuit learns what a network with other weights computes."""
