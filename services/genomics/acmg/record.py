"""What the automatic rules may look at: one explicit record per variant and transcript.

Nothing is fetched here. `None` means unknown and never zero, normal or negative; an empty tuple of frequencies in a dataset
that covers the site means the variant was looked for and not found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from services.errors import InvalidInputError


class Inheritance(StrEnum):
    DOMINANT = "dominant"
    RECESSIVE = "recessive"
    X_LINKED = "X-linked"
    UNKNOWN = "unknown"


class Effect(StrEnum):
    """The consequence on the transcript, as coarse as the criteria ask for."""

    NONSENSE = "nonsense"
    FRAMESHIFT = "frameshift"
    SPLICE_SITE = "canonical splice site (±1, ±2)"
    START_LOST = "start lost"
    EXON_DELETION = "deletion of one or more exons"
    WHOLE_GENE_DELETION = "deletion of the whole gene"
    EXON_DUPLICATION = "duplication of one or more exons"
    MISSENSE = "missense"
    INFRAME_INDEL = "in-frame deletion or insertion"
    STOP_LOST = "stop lost"
    SYNONYMOUS = "synonymous"
    SPLICE_REGION = "splice region"
    INTRONIC = "intronic"
    UNTRANSLATED = "untranslated region"
    OTHER = "other"


NULL_EFFECTS = frozenset({
    Effect.NONSENSE, Effect.FRAMESHIFT, Effect.SPLICE_SITE, Effect.START_LOST, Effect.EXON_DELETION,
    Effect.WHOLE_GENE_DELETION, Effect.EXON_DUPLICATION,
})


@dataclass(frozen=True, slots=True)
class Frequency:
    """Counts in one population. `filter_frequency` is the lower 95 % bound ("filter allele frequency"), a fraction."""

    population: str
    allele_count: int
    allele_number: int
    homozygotes: int | None = None
    hemizygotes: int | None = None
    filter_frequency: float | None = None
    is_founder: bool = False
    """A bottlenecked or residual group: never used for BA1 and BS1."""

    def __post_init__(self) -> None:
        if not 0 <= self.allele_count <= self.allele_number:
            raise InvalidInputError(f"{self.population}: AC {self.allele_count} must lie between 0 and AN {self.allele_number}")
        if self.filter_frequency is not None and not 0.0 <= self.filter_frequency <= 1.0:
            raise InvalidInputError(f"{self.population}: a filter frequency is a fraction between 0 and 1")

    @property
    def frequency(self) -> float:
        return self.allele_count / self.allele_number if self.allele_number else 0.0


@dataclass(frozen=True, slots=True)
class PopulationData:
    """One dataset's view of the variant. `covered` says whether the site was sequenced well enough to see it."""

    dataset: str
    version: str
    frequencies: tuple[Frequency, ...] = ()
    covered: bool | None = None
    passed_filters: bool = True


@dataclass(frozen=True, slots=True)
class Transcript:
    """Gene model facts in coding coordinates (1-based, c. numbering without the c.).

    `last_junction` is the coding position of the last base before the last exon-exon junction, beyond `coding_length` where
    that junction lies in the 3' untranslated region; None together with `exon_count` 1 means there is none.
    """

    accession: str
    coding_length: int
    exon_count: int
    last_junction: int | None = None
    is_relevant: bool | None = None
    """Whether this exon is in the biologically relevant transcripts."""

    def __post_init__(self) -> None:
        if self.coding_length < 3 or self.exon_count < 1:
            raise InvalidInputError(f"{self.accession}: a coding transcript has a coding sequence and an exon")


@dataclass(frozen=True, slots=True)
class LossOfFunction:
    """What a null variant does to the product; each field only as far as it is known."""

    stop_position: int | None = None
    """Coding position of the premature stop: of the codon reached after a frameshift, not of the variant."""
    keeps_frame: bool | None = None
    """For splice sites and exon deletions: whether the predicted transcript stays in frame."""
    removed_fraction: float | None = None
    """Fraction of the protein lost or altered."""
    region_is_critical: bool | None = None
    exon_loss_is_common: bool | None = None
    """Whether loss-of-function variants of this exon are frequent in the general population."""
    rescued_by_splicing: bool | None = None
    """Whether a cryptic site or an alternative exon is known to restore a working transcript."""
    alternative_start: bool | None = None
    """Whether another functional transcript starts elsewhere."""
    pathogenic_before_next_start: bool | None = None
    """Whether a pathogenic variant lies between the lost start and the next in-frame methionine."""
    in_tandem: bool | None = None
    """For duplications: proven in tandem (True), proven elsewhere (False), presumed in tandem (None)."""
    changed_from: int | None = None
    """Coding position of the first base a frameshift changes; places the stop where the sequence is not known."""
    shift: int | None = None
    """Change of length of a frameshift modulo 3: 1 for one base more, 2 for one base less."""
    lost_exons: tuple[int, int] | None = None
    """First and last coding position of the exons that are skipped or deleted, cut to the coding sequence."""
    at_donor: bool | None = None
    """For splice sites: behind the exon (True) or before it (False)."""

    def __post_init__(self) -> None:
        if self.lost_exons is not None and not 1 <= self.lost_exons[0] <= self.lost_exons[1]:
            raise InvalidInputError("lost exons run from their first to their last coding position")
        if self.removed_fraction is not None and not 0.0 <= self.removed_fraction <= 1.0:
            raise InvalidInputError("the removed fraction of the protein lies between 0 and 1")


class Mechanism(StrEnum):
    """How sure it is that loss of function of the gene causes the disease (Abou Tayoun 2018, categories A to D)."""

    ESTABLISHED = "established"
    LIKELY = "likely: one strength lower"
    LIMITED = "limited: two strengths lower"
    NONE = "not a mechanism"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GeneFacts:
    """What is known of the gene and its disease."""

    symbol: str
    inheritance: Inheritance = Inheritance.UNKNOWN
    loss_of_function: Mechanism = Mechanism.UNKNOWN
    missense_z: float | None = None
    missense_is_common_mechanism: bool | None = None
    benign_missense_is_rare: bool | None = None
    only_truncation_causes_disease: bool | None = None
    full_penetrance_early: bool | None = None
    """Whether carriers of the genotype are expected to be ill already as young adults."""
    maximum_credible_frequency: float | None = None
    """Highest allele frequency the disease allows (Whiffin 2017); see `population.maximum_credible_frequency`."""


class Significance(StrEnum):
    PATHOGENIC = "pathogenic"
    LIKELY_PATHOGENIC = "likely pathogenic"
    OTHER = "other"
    BENIGN = "benign or likely benign"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A classified variant at the same residue. `stars` is the review status, 0 to 4."""

    name: str
    significance: Significance
    stars: int
    same_protein_change: bool
    same_nucleotide_change: bool = False
    """The variant itself: never evidence for itself."""
    alters_splicing: bool | None = None


@dataclass(frozen=True, slots=True)
class Hotspot:
    """The surroundings of the residue: a curated critical domain, or counts of classified missense within `window` residues."""

    name: str
    is_curated: bool = False
    pathogenic: int | None = None
    benign: int | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One predictor's score, with the release it came from."""

    predictor: str
    score: float
    version: str = ""


@dataclass(frozen=True, slots=True)
class SourceAssertion:
    """A classification somebody else made, for PP5 and BP6."""

    source: str
    significance: Significance


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """Everything the automatic criteria judge for one variant on one transcript."""

    effect: Effect
    gene: GeneFacts
    chromosome: str = ""
    """Without chr; blank where it is not known. Only tells the mitochondrion from the nucleus."""
    hgvs_coding: str = ""
    """On its transcript, e.g. `NM_004004.5:c.109G>A`; only compared with the list of exceptions to BA1."""
    populations: tuple[PopulationData, ...] = ()
    transcript: Transcript | None = None
    loss: LossOfFunction = field(default_factory=LossOfFunction)
    neighbours: tuple[Neighbour, ...] | None = None
    """None: not looked up."""
    neighbours_from: str = ""
    """Where the neighbours were looked up, with its version, e.g. `ClinVar 2026-11`."""
    hotspot: Hotspot | None = None
    predictions: tuple[Prediction, ...] = ()
    splice_delta: float | None = None
    """Largest SpliceAI delta score, 0 to 1."""
    intron_distance: int | None = None
    """Distance to the nearest exon in bases: positive after a donor (+7), negative before an acceptor (-21); exonic None."""
    at_exon_edge: bool | None = None
    """Whether an exonic change is the first base or one of the last three bases of its exon."""
    in_repeat: bool | None = None
    repeat_has_function: bool | None = None
    residues_changed: int | None = None
    assertion: SourceAssertion | None = None
    data_versions: tuple[tuple[str, str], ...] = ()
    """Name and version of every dataset the record was built from; carried to the assessment unchanged."""

    def __post_init__(self) -> None:
        if self.splice_delta is not None and not 0.0 <= self.splice_delta <= 1.0:
            raise InvalidInputError("a splice delta score lies between 0 and 1")
        if self.hgvs_coding and len(self.hgvs_coding) > 500:
            raise InvalidInputError("an HGVS name is at most 500 characters here")
