"""Networks: who projects to whom."""
