"""The system of record: the SQL database, its numbered migrations, and the file store."""
