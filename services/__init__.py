"""The service layer: everything the dashboard, the API and the workers share, in one process."""
