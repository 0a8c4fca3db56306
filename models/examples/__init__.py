"""Models in one file each, to copy and to change; ``network(seed)`` of a file describes one."""
