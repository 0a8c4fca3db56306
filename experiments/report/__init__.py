"""How results are shown: pages and the look of figures."""
