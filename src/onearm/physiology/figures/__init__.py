"""Values of the figures of a virtual trial."""
