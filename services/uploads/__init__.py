"""Files on their way in: received in pieces or fetched from a server, kept under generated names until they are imported."""
