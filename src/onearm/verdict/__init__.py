"""Gates, flags, claims, level and sentences: one readable rule table over results."""
