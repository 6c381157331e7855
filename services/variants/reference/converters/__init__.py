"""From the files that sources publish to packs, one module for each kind."""
