"""Reporting tables filled from a run: one checklist per file, each a list of items and what fills it."""
