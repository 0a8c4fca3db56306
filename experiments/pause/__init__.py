"""``tuft pause``: how long plasticity must wait after a switch, and how it need not."""
