"""Somatic variants after AMP/ASCO/CAP 2017: tiers from clinical evidence and the patient's tumour type.

`alterations` reads what evidence is about, `evidence` holds its items, `variant` the patient's variant, `matching` says which
items apply, `tiers` classifies, `civic` reads the releases of CIViC, `curated` hands out the evidence that ships. Pure.
"""
