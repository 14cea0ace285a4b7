"""The ward that both generators end in, and the record tables written from it."""
