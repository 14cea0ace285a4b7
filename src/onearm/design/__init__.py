"""Operating characteristics: how often our own answers are wrong where the truth is known."""
