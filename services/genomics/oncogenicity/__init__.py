"""Oncogenicity of somatic variants after ClinGen, CGC and VICC 2022: seventeen criteria with points, and five classes.

`criteria` lists the criteria, `record` holds what they look at, `oncogenic` and `benign` judge them, `engine` applies what
excludes what, sums the points and classifies. Pure.
"""
