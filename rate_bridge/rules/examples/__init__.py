"""Rules in one file each, to copy and to change; ``rule()`` of a file describes one."""
