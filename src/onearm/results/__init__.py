"""What every room may say: estimates, statuses, findings, problems and frozen chart values, and their JSON."""
