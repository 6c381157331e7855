"""The patient record: who the patients are, their documents, and their demo versions."""
