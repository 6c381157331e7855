"""What a user asks for when variants are to be called from sequencing reads."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.clinical.profile import PatientId
from services.genomics.genome import GenomeBuild
from services.variants.calling.model import MAX_FAMILY, ROLES, Design
from services.variants.links import SampleChoice

MAX_LANES = 32
FAMILY_ROLES = ("child", "father", "mother", "sibling", "other")
_SEXES = {"father": "M", "mother": "F"}


class Sequencer(StrEnum):
    """What made the reads."""

    ILLUMINA = "illumina"
    PACBIO = "pacbio"
    ONT = "ont"
    ULTIMA = "ultima"
    MGI = "mgi"
    ELEMENT = "element"

    @property
    def makes_long_reads(self) -> bool:
        return self in (Sequencer.PACBIO, Sequencer.ONT)


SHORT_READS = tuple(one for one in Sequencer if not one.makes_long_reads)


class DataType(StrEnum):
    """What was sequenced: the whole genome, or the exome."""

    WGS = "wgs"
    WES = "wes"


class ReadFile(BaseModel):
    """A file that was uploaded, or the address of one; with both, the upload is where the fetched file goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upload_id: Annotated[str, Field(max_length=32)] = ""
    url: Annotated[str, Field(max_length=8_192, repr=False)] = ""
    name: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not self.upload_id and not self.url:
            raise ValueError("a file is an upload or an address")
        return self


class ReadLane(BaseModel):
    """The files of one run: single reads, or the first and the second reads of pairs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: ReadFile
    second: ReadFile | None = None


class ReadSample(BaseModel):
    """One sample: its role in the design and its lanes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    role: Annotated[str, Field(max_length=16)] = "sample"
    sex: Literal["F", "M"] | None = None
    lanes: Annotated[tuple[ReadLane, ...], Field(min_length=1, max_length=MAX_LANES)]

    @property
    def known_sex(self) -> str | None:
        """The sex that was stated, or that of a parent."""
        return self.sex or _SEXES.get(self.role)


class ReadRequest(BaseModel):
    """Options of one run. Without `reference` the installed sequence of `assembly` is used.

    `sample_name` is what job and table are called; `germline_caller` matters only where Parabricks is used. `vep_annotation`,
    `enable_ditto` and `annotsv_annotation` ask for annotation, as for an import.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    design: Design
    samples: Annotated[tuple[ReadSample, ...], Field(min_length=1, max_length=MAX_FAMILY)]
    reference: ReadFile | None = None
    intervals: ReadFile | None = None
    assembly: GenomeBuild | None = None
    sequencer: Sequencer = Sequencer.ILLUMINA
    data_type: DataType = DataType.WGS
    germline_caller: Literal["haplotypecaller", "deepvariant"] = "haplotypecaller"
    sample_name: Annotated[str, Field(max_length=200)] = ""
    patient_id: PatientId | None = None
    notes: Annotated[str, Field(max_length=10_000)] = ""
    simulated: bool = False
    vep_annotation: bool = False
    enable_ditto: bool = False
    annotsv_annotation: bool = False

    @model_validator(mode="after")
    def _fits_the_design(self) -> Self:
        if self.sequencer.makes_long_reads:
            known = ", ".join(one.value for one in SHORT_READS)
            raise ValueError(f"sequencer: long reads ({self.sequencer.value}) are not supported; supported are {known}")
        if self.reference is None and self.assembly is None:
            raise ValueError("reference: give a reference (FASTA), or state the assembly whose installed sequence is to be used")
        names = [sample.name for sample in self.samples]
        if len(set(names)) != len(names):
            raise ValueError("samples: two samples have the same name")
        if len({sample.lanes[0].second is None for sample in self.samples}) > 1:
            raise ValueError("samples: some have paired and some single reads: all need the same layout")
        if self.design is Design.FAMILY:
            if any(sample.role not in FAMILY_ROLES for sample in self.samples) or len(self.samples) < 2:
                raise ValueError(f"samples: a family has two or more samples with the roles {', '.join(FAMILY_ROLES)}")
        elif sorted(sample.role for sample in self.samples) != sorted(ROLES[self.design]):
            roles = ", ".join(ROLES[self.design])
            raise ValueError(f"samples: the design {self.design.value} needs one sample for each role: {roles}")
        files = [file.upload_id or file.url for file in self.files]
        twice = next((one for one in files if files.count(one) > 1), None)
        if twice is not None:
            raise ValueError("samples: a file is given twice")
        return self

    @property
    def ordered(self) -> tuple[ReadSample, ...]:
        """The samples in the order of the design's roles."""
        order = ROLES.get(self.design, FAMILY_ROLES)
        return tuple(sorted(self.samples, key=lambda sample: order.index(sample.role)))

    @property
    def patient_sample(self) -> SampleChoice:
        """Which sample is the patient, as the roles say: the only one, the only child, the normal one beside a tumour.

        Empty where the roles leave it open: a family without a child, or with several.
        """
        named: dict[str, list[str]] = {}
        for sample in self.samples:
            named.setdefault(sample.role, []).append(sample.name)
        own = named.get("child") or named.get("normal") or ([self.samples[0].name] if len(self.samples) == 1 else [])
        if len(own) != 1:
            return SampleChoice()
        mother, father = (found[0] if len(found := named.get(role, [])) == 1 else "" for role in ("mother", "father"))
        return SampleChoice(own[0], mother, father)

    @property
    def files(self) -> tuple[ReadFile, ...]:
        """All files: reads, then reference and intervals where they are files."""
        lanes = [lane for sample in self.samples for lane in sample.lanes]
        reads = [file for lane in lanes for file in (lane.first, lane.second) if file is not None]
        return (*reads, *(file for file in (self.reference, self.intervals) if file is not None))

    @property
    def annotates_small(self) -> bool:
        """Whether the small variants that are called are to be annotated."""
        return self.vep_annotation or self.enable_ditto

    def with_files(self, files: dict[ReadFile, ReadFile]) -> ReadRequest:
        """Return the request with files replaced."""

        def replaced(content: Any) -> Any:
            if isinstance(content, ReadFile):
                return files[content]
            if isinstance(content, ReadLane):
                second = None if content.second is None else files[content.second]
                return ReadLane(first=files[content.first], second=second)
            return content

        samples = tuple(
            sample.model_copy(update={"lanes": tuple(replaced(lane) for lane in sample.lanes)}) for sample in self.samples
        )
        return self.model_copy(update={
            "samples": samples, "reference": replaced(self.reference), "intervals": replaced(self.intervals),
        })
