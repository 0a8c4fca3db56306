"""Networks by name, built in torch."""
