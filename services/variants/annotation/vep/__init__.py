"""Ensembl's Variant Effect Predictor beside our own prediction: a program or a service, where one is turned on."""
