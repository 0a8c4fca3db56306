"""References: the discrete algorithms that networks are held against."""
