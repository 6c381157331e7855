"""ACMG/AMP germline variant classification: criteria from explicit records, one function from evidence to score and class.

`record` holds what the rules may look at, one module per group of criteria judges it, `combining.classify` turns the evidence
into points, both schemes' classes and conflicts, `engine.assess` does all of it for one variant. Pure: no disk, no clock.
"""
