"""Benchmarks beside their peers: `make bench`, `make bench ONLY=appraise.import`."""
