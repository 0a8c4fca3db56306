"""What a learning rule or a network reads, and what comes of it when that is changed: pure."""
