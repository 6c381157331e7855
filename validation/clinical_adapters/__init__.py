"""One module for each part of the clinical engine: the input and output names of worked cases onto the engine's."""
