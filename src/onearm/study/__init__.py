"""The only place that knows the order: inputs to results. It calls, it does not compute."""
