"""``tuft compare``: continuous time against the reference."""
