"""One neuron: what it is made of."""
