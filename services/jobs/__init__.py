"""Durable jobs: work that outlives the page that asked for it, the process that ran it, and a power cut."""
