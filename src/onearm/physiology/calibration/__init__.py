"""Calibration of the disease to published aggregates, and what thirteen patients cannot tell."""
