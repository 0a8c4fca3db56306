"""``tuft association``: one pattern is associated with a target, in continuous time."""
