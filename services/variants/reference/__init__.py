"""Reference data as versioned packs: what is installed, and the files that can be installed."""
