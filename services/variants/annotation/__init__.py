"""Annotation of a variant table from the installed reference data and the built-in knowledge, into new columns of the table."""
