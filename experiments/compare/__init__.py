"""``tuft compare``: continuous time against Algorithm 1."""
