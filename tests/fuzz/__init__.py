"""Odd arguments for every public function and for the command line, and what becomes of them."""
