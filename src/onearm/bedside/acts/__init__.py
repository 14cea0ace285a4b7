"""The acts, one file per step of the way from lot to recall; `registry` lists them all."""
