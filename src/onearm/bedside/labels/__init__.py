"""Labels: what a DataMatrix symbol says, how it is drawn and read, the sheets that carry it."""
