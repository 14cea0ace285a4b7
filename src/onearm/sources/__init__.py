"""Everything foreign to Records and to the inputs of a run: study folder, mapping import, publications."""
