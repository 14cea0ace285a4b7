"""The words of the house: markers with units and limits, scales, the clock, identifiers."""
