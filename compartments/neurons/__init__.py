"""Kinds of neurons: each one file, composed from equations that stand once."""
