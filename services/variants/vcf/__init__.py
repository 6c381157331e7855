"""Variant Call Format: header, validation of records, and conversion to columns."""
