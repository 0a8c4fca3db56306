"""Training by any rule: selection, checkpoints, several processes, diagnostics."""
