"""Who is at the keyboard: passwords, the second factor, sessions, how often one may guess."""
