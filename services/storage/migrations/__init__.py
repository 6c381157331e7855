"""Numbered, append-only migrations."""
