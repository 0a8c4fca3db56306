"""``tuft audit``: claims of biological plausibility, put to causal tests."""
