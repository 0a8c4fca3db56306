"""``tuft traces``: what every compartment does."""
