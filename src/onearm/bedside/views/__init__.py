"""What is looked at: one file per screen, a frozen model and the function that reads it."""
