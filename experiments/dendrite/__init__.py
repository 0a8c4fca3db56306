"""What one neuron does, by every tool of its toolbox."""
