"""Copy number variants after the ACMG/ClinGen technical standard of 2020: a score sheet with every cell, and the class it makes.

`record` says what is overlapped and how, `cells` holds the published points and ranges, `loss` and `gain` fill the cells that
can be filled from a record, `sheet` adds an expert's cells, sums in decimal arithmetic and classifies. Pure.
"""
