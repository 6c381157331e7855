"""The clinical engine: pure rules over a patient profile. No network, no disk, no clock, no Streamlit."""
