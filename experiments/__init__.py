"""Experiments: the command line, figures and files."""
