"""The simple multistate generator: constant hazards and formulas, nothing of the host model."""
