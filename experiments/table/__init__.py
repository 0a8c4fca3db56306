"""``tuft train`` and ``tuft table``: networks trained by rules, their records and plans."""
