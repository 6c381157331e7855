"""The HTTP API over the same services as the dashboard: one router per resource."""
