"""``tuft verify``: every link between theory and engines, measured."""
