"""The promise: what was to be done, to whom, counted from when, and the publications set beside it."""
