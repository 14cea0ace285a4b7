"""How far a conclusion bends: open outcomes, chance under no effect, drift of the times, which comparator."""
