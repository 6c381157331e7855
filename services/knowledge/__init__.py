"""Curated facts as data files, each row with its source, and the loader that validates them."""
