"""What the variant tables of a patient say, read gene by gene and place by place.

`model` holds the values, `reading` takes genotypes out of a table, `carrying` weighs copies against inheritance, `variants` finds
the rows that matter, `wording` says it in sentences. A table that is silent about a place says nothing about it.
"""
