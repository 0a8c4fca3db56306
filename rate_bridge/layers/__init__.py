"""Torch layers whose backward pass is a learning rule's, and models made of them."""
