"""Star alleles and phenotypes of the pharmacogenes, from the genotypes of one sample.

`call_gene` takes what a file says at the places of a gene and returns the pairs of alleles that fit, the likeliest first. A place
without a record is not a reference call: what rests on one is `presumed`, and a gene without any record is not called at all.
"""

from services.genomics.pgx.calling import call_gene
from services.genomics.pgx.model import CallStatus, GeneCall, Observation, Pair, Site, SiteState

__all__ = ["CallStatus", "GeneCall", "Observation", "Pair", "Site", "SiteState", "call_gene"]
