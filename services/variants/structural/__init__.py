"""Structural variants: what they overlap, what lies at their breakpoints, what they join, and how they score."""
