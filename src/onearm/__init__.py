"""onearm: what the records of a small single-arm study can and cannot support."""

__version__ = "0.1.0"
