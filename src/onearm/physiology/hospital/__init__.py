"""The mechanistic virtual hospital: who comes, what is decided, given and measured."""
