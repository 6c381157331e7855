"""The documented form for calling variants from reads, checked field by field and turned into our request.

Samples are numbered from 1, as in `sample_1_r1`; `samples_metadata` may count from 0 as well. A part may be sent several times:
the first `sample_1_r1` belongs to the first `sample_1_r2`, and each further pair is a further lane of the same sample.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild, build_named_in
from services.pipelines.read_request import SHORT_READS, DataType, ReadRequest, Sequencer
from services.variants.calling.model import MAX_FAMILY, Design

REQUIRED = (
    "pipeline_type", "sequencer_type", "data_type", "read_layout", "sample_count", "sample_name", "assembly", "samples_metadata",
)  # fmt: skip
_PIPELINES = ("germline", "somatic_paired", "somatic_tumor_only")
_LAYOUTS = ("paired", "single")
_ROLES = {"proband": "child", "mother": "mother", "father": "father", "sibling": "sibling", "other": "other"}
_TISSUES = {"tumor": "tumour", "normal": "normal"}
_FLAGS = ("vep_annotation", "enable_ditto", "annotsv_annotation")
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")
_FILE = re.compile(r"sample_([1-9][0-9]?)_r([12])")
REFERENCE_PART, INTERVAL_PART = "reference_file", "interval_file"


class FieldError(InvalidInputError):
    """A field of the form cannot be used; the message begins with its name."""

    status = 400

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


@dataclass(frozen=True, slots=True)
class FormSample:
    """One sample as `samples_metadata` describes it."""

    number: int
    name: str
    role: str
    sex: str | None
    urls: tuple[str, ...]
    """The addresses of the first and, for pairs, of the second reads; empty where files are sent."""


@dataclass(frozen=True, slots=True)
class ReadForm:
    """The fields of a form that hold together; `request` adds the files."""

    design: Design
    paired: bool
    samples: tuple[FormSample, ...]
    build: GenomeBuild
    options: Mapping[str, Any]

    def check_part(self, name: str) -> None:
        """Refuse a file that this form has no use for. :raise FieldError: with the part's name."""
        found = _FILE.fullmatch(name)
        if name in (REFERENCE_PART, INTERVAL_PART):
            return
        if found is None:
            raise FieldError(name[:64], "no such file is expected; files are sample_1_r1, sample_1_r2, ..., interval_file")
        sample = next((one for one in self.samples if one.number == int(found[1])), None)
        if sample is None:
            raise FieldError(name, f"there are only {len(self.samples)} samples (sample_count)")
        if sample.urls:
            raise FieldError(name, "samples_metadata says that the reads of this sample are fetched (inputMode url)")
        if found[2] == "2" and not self.paired:
            raise FieldError(name, "read_layout is single: there are no second reads")

    def request(self, arrived: Mapping[str, Sequence[str]]) -> ReadRequest:
        """Return the request for uploads that have arrived, by the name of their part.

        :raise FieldError: a file is missing, or the samples do not make up the design.
        """
        samples = [
            {"name": one.name, "role": one.role, "sex": one.sex, "lanes": self._lanes(one, arrived)} for one in self.samples
        ]
        single = {}
        for part, name in ((REFERENCE_PART, "reference"), (INTERVAL_PART, "intervals")):
            if len(arrived.get(part, ())) > 1:
                raise FieldError(part, "send it once")
            if arrived.get(part):
                single[name] = {"upload_id": arrived[part][0]}
        return _checked({**self.options, **single, "design": self.design, "samples": samples})

    def _lanes(self, sample: FormSample, arrived: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        if sample.urls:
            pair = [{"url": url} for url in sample.urls]
            return [{"first": pair[0], "second": pair[1] if self.paired else None}]
        first, second = (arrived.get(f"sample_{sample.number}_r{mate}", ()) for mate in (1, 2))
        if not first:
            raise FieldError(f"sample_{sample.number}_r1", "the file with the reads of this sample is missing")
        if self.paired and len(first) != len(second):
            reason = "the file with the second reads is missing" if not second else "there must be as many as first reads"
            raise FieldError(f"sample_{sample.number}_r2", reason)
        return [
            {"first": {"upload_id": one}, "second": {"upload_id": second[at]} if self.paired else None}
            for at, one in enumerate(first)
        ]


def read_form(fields: Mapping[str, str]) -> ReadForm:
    """Read the fields of the documented form.

    :raise FieldError: a field is missing or cannot be used; the first in the documented order is named.
    """
    for name in REQUIRED:
        if not fields.get(name, "").strip():
            raise FieldError(name, "is required")
    pipeline = _one_of(fields, "pipeline_type", _PIPELINES)
    sequencer = Sequencer(_one_of(fields, "sequencer_type", tuple(Sequencer)))
    if sequencer.makes_long_reads:
        known = ", ".join(one.value for one in SHORT_READS)
        raise FieldError("sequencer_type", f"long reads ({sequencer.value}) are not supported here; supported are {known}")
    data_type = DataType(_one_of(fields, "data_type", tuple(DataType)))
    paired = _one_of(fields, "read_layout", _LAYOUTS) == "paired"
    count = fields["sample_count"].strip()
    if not (count.isdecimal() and len(count) < 3 and 1 <= int(count) <= MAX_FAMILY):
        raise FieldError("sample_count", f"must be a whole number from 1 to {MAX_FAMILY}")
    build = build_named_in(fields["assembly"][:64])
    if build is None:
        raise FieldError("assembly", f"must be one of {', '.join(GenomeBuild)}")
    samples = _samples(fields, pipeline, int(count), paired=paired)
    options = {
        "sequencer": sequencer, "data_type": data_type, "assembly": build, "sample_name": fields["sample_name"].strip()[:200],
        "notes": fields.get("notes", ""), "patient_id": fields.get("patient_id") or None,
        **{name: _flag(fields, name) for name in _FLAGS},
    }
    return ReadForm(_design(pipeline, samples), paired, samples, build, options)


def _samples(fields: Mapping[str, str], pipeline: str, count: int, *, paired: bool) -> tuple[FormSample, ...]:
    try:
        content = json.loads(fields["samples_metadata"])
    except (ValueError, RecursionError) as error:
        raise FieldError("samples_metadata", "must be JSON") from error
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise FieldError("samples_metadata", "must be a JSON array of objects, one for each sample")
    if len(content) != count:
        raise FieldError("samples_metadata", f"describes {len(content):,} samples, and sample_count is {count}")
    numbers = [one.get("index", at) for at, one in enumerate(content)]
    first = 1 if 0 not in numbers else 0
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in numbers)
    if not whole or sorted(numbers) != [*range(first, first + count)]:
        raise FieldError("samples_metadata", f"index must count the samples from 1 to {count}")
    made = [
        _sample(one, number - first + 1, fields, pipeline, paired=paired) for one, number in zip(content, numbers, strict=True)
    ]
    names = [one.name for one in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FieldError("samples_metadata", f"two samples have the label {twice!r}")
    return tuple(sorted(made, key=lambda one: one.number))


def _sample(one: Mapping[str, Any], number: int, fields: Mapping[str, str], pipeline: str, *, paired: bool) -> FormSample:
    where = f"sample {number}"
    for name in ("label", "inputMode", "relationship", "sampleRole", "sex", "r1Url", "r2Url"):
        if not isinstance(one.get(name) or "", str):
            raise FieldError("samples_metadata", f"{where}: {name} must be text")
    mode = one.get("inputMode") or "file"
    if mode not in ("file", "url"):
        raise FieldError("samples_metadata", f"{where}: inputMode must be file or url")
    urls = tuple(str(one.get(name) or "").strip() for name in (("r1Url", "r2Url") if paired else ("r1Url",)))
    if mode == "url" and not all(urls):
        raise FieldError("samples_metadata", f"{where}: {'r1Url' if not urls[0] else 'r2Url'} is required with inputMode url")
    sex = (one.get("sex") or "").upper()[:1] or None
    if sex not in (None, "F", "M"):
        raise FieldError("samples_metadata", f"{where}: sex must be F or M")
    label = str(one.get("label") or (fields["sample_name"] if number == 1 else where))
    return FormSample(number, plain_name(label), _role(one, where, pipeline, number), sex, urls if mode == "url" else ())


def _role(one: Mapping[str, Any], where: str, pipeline: str, number: int) -> str:
    if pipeline == "germline":
        stated = one.get("relationship") or ("proband" if number == 1 else "")
        if stated not in _ROLES:
            raise FieldError("samples_metadata", f"{where}: relationship must be one of {', '.join(_ROLES)}")
        return _ROLES[stated]
    stated = one.get("sampleRole") or ("tumor" if pipeline == "somatic_tumor_only" else "")
    if stated not in _TISSUES:
        raise FieldError("samples_metadata", f"{where}: sampleRole must be tumor or normal")
    return _TISSUES[stated]


def _design(pipeline: str, samples: Sequence[FormSample]) -> Design:
    """Return the design that the samples make up. :raise FieldError: they do not make up one."""
    roles = sorted(one.role for one in samples)
    if pipeline == "somatic_paired":
        if roles != ["normal", "tumour"]:
            raise FieldError("samples_metadata", "somatic_paired needs one sample with sampleRole tumor and one with normal")
        return Design.TUMOUR_NORMAL
    if pipeline == "somatic_tumor_only":
        if roles != ["tumour"]:
            raise FieldError("samples_metadata", "somatic_tumor_only needs one sample with sampleRole tumor")
        return Design.TUMOUR_ONLY
    if len(samples) == 1:
        return Design.GERMLINE
    for role, word in (("child", "proband"), ("father", "father"), ("mother", "mother")):
        if roles.count(role) > 1:
            raise FieldError("samples_metadata", f"there can be only one {word}")
    return Design.TRIO if roles == ["child", "father", "mother"] else Design.FAMILY


def _checked(content: dict[str, Any]) -> ReadRequest:
    if content["design"] is Design.GERMLINE:
        content["samples"][0]["role"] = "sample"
    try:
        return ReadRequest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ")
        field, _, rest = reason.partition(": ")
        if rest and field in ("samples", "sequencer", "reference"):
            raise FieldError({"samples": "samples_metadata"}.get(field, field), rest) from error
        raise FieldError(".".join(str(part) for part in first["loc"]) or "form", reason) from error


def plain_name(label: str) -> str:
    """Return a label as a sample's name in BAM and VCF: letters, digits, dot, dash and underscore."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", label.strip()[:200]).strip("._-")[:64]
    return name or "sample"


def _one_of(fields: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    value = fields[name].strip().lower()
    if value not in known:
        raise FieldError(name, f"must be one of {', '.join(known)}")
    return value


def _flag(fields: Mapping[str, str], name: str) -> bool:
    value = fields.get(name, "").strip().lower()
    if value not in (*_TRUE, *_FALSE):
        raise FieldError(name, "must be true or false")
    return value in _TRUE
