"""Pipelines: what a job does from end to end, put together from services that know nothing of each other."""
