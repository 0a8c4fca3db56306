"""One time step of a neuron, from its strings to machine code or to numpy, kept once it is made."""
