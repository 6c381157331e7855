"""Allele frequencies: gnomAD's sites VCF (releases 2.1, 3 and 4, exomes, genomes or joint), or a plain table.

The population maximum is the source's own where it gives one, else the greatest frequency among the groups that gnomAD itself
compares: it leaves out the bottlenecked (Ashkenazi, Finnish, Amish) and the remaining ones, and so does this module. `faf95` is
the greatest lower bound (95 %) among the groups, as ACMG rules use it. Hemizygotes are the alleles counted in XY samples outside
the pseudoautosomal regions (Genome Reference Consortium).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.reference import vcf
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.delimited import column_names, columns_by_role
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Columns, Rows, read_files, refuse_other_build, write_table
from services.variants.reference.text import TextFile, open_text

GROUPS = ("afr", "amr", "eas", "nfe", "sas")
"""African, admixed American, East Asian, non-Finnish European, South Asian."""
PSEUDOAUTOSOMAL = {
    GenomeBuild.GRCH37: {
        "X": ((60_001, 2_699_520), (154_931_044, 155_260_560)), "Y": ((10_001, 2_649_520), (59_034_050, 59_363_566)),
    },
    GenomeBuild.GRCH38: {
        "X": ((10_001, 2_781_479), (155_701_383, 156_030_895)), "Y": ((10_001, 2_781_479), (56_887_903, 57_217_415)),
    },
}
_RELEASE = re.compile(r"[vr]([234](?:\.\d){0,2})(?:\.[a-z0-9_]+)*\.sites")
_ROLES = {
    "chrom": ("chrom", "chr", "chromosome"), "pos": ("pos", "position", "start"), "ref": ("ref", "reference"),
    "alt": ("alt", "alternate"), "ac": ("ac", "allele_count"), "an": ("an", "allele_number"),
    "af": ("af", "allele_frequency", "maf"), "homozygotes": ("homozygotes", "nhomalt", "hom", "n_hom"),
    "hemizygotes": ("hemizygotes", "nhemi", "hemi"), "popmax_population": ("popmax_population", "popmax", "grpmax"),
    "popmax_ac": ("popmax_ac", "ac_popmax", "ac_grpmax"), "popmax_an": ("popmax_an", "an_popmax", "an_grpmax"),
    "popmax_af": ("popmax_af", "af_popmax", "af_grpmax"), "faf95": ("faf95", "faf95_popmax", "fafmax_faf95_max"),
    "filter": ("filter", "passed"),
}
_NEEDED = ("chrom", "pos", "ref", "alt")
_Value = Callable[..., str]


def convert(conversion: Conversion) -> Converted:
    """Convert sites VCF files or tables. Raises what `write_table` raises, and InvalidInputError for another file or build."""
    names = [path.name.lower() for path in conversion.sources]
    if any(".exomes." in name for name in names) and any(".genomes." in name for name in names):
        raise InvalidInputError(
            "files of exomes and of genomes together would list alleles twice with counts that do not add up: install the joint "
            "files, or one of the two"
        )
    with open_text(conversion.sources[0]) as text:
        is_vcf = text.stream.peek(1)[:2] == b"##"
    rows = _from_vcf(conversion) if is_vcf else _from_table(conversion)
    refuse_other_build(conversion)
    released = next((match[1] for path in conversion.sources if (match := _RELEASE.search(path.name))), None)
    name = "gnomAD" if is_vcf and any("gnomad" in path.name.lower() for path in conversion.sources) else "Population frequencies"
    return Converted(rows, version=released, name=name)


# gnomAD's VCF


def _from_vcf(conversion: Conversion) -> int:
    declared: set[str] = set()
    for path in conversion.sources:
        with open_text(path) as text:
            header, _ = vcf.read_header(text)
            missing = [key for key in ("AC", "AN") if not {key, f"{key}_joint"} & header.info]
            if missing:
                raise InvalidInputError(
                    f"{text.name} is not a VCF of population frequencies: its header does not declare INFO/{missing[0]}"
                )
            declared |= header.info
    assert conversion.build is not None
    select = _vcf_select(declared, conversion.build)
    return write_table(conversion, PackKind.FREQUENCIES, vcf.vcf_rows(conversion, lambda _text, _header: None), select)


def _vcf_select(declared: Collection[str], build: GenomeBuild) -> str:
    suffix = "_joint" if "AC_joint" in declared else ""

    def first(*keys: str) -> str | None:
        return next((key for key in keys if key in declared), None)

    def value(kind: str, *keys: str) -> str:
        key = first(*keys)
        return vcf.per_alt(vcf.info(key), kind) if key else f"CAST(NULL AS {kind})"

    population = first(f"grpmax{suffix}", f"popmax{suffix}")
    ac, an = value("BIGINT", f"AC{suffix}"), value("BIGINT", f"AN{suffix}")
    xy = value("BIGINT", f"AC{suffix}_XY", f"AC_XY{suffix}", "AC_male", "AC-XY")
    columns = [
        f"{ac} AS ac", f"{an} AS an", f"coalesce({value('DOUBLE', f'AF{suffix}')}, {ac} / nullif({an}, 0)) AS af",
        f"{value('BIGINT', f'nhomalt{suffix}', 'Hom')} AS homozygotes",
        f"CASE WHEN {_outside(build)} THEN {xy} END AS hemizygotes",
        "CASE FILTER WHEN 'PASS' THEN true WHEN '.' THEN NULL ELSE false END AS passed",
        f"{_filtering_frequency(declared, suffix, value)} AS faf95",
    ]
    if population:
        words = ("grpmax", "popmax")
        columns += [
            f"lower({value('VARCHAR', population)}) AS popmax_population",
            f"{value('BIGINT', *(f'AC_{word}{suffix}' for word in words))} AS popmax_ac",
            f"{value('BIGINT', *(f'AN_{word}{suffix}' for word in words))} AS popmax_an",
            f"{value('DOUBLE', *(f'AF_{word}{suffix}' for word in words))} AS popmax_af",
        ]
        outer = "*"
    else:
        columns.append(f"{_greatest_group(declared, suffix, value)} AS greatest")
        outer = ("* EXCLUDE (greatest), greatest.name AS popmax_population, greatest.ac AS popmax_ac, greatest.an AS popmax_an, "
                 "greatest.af AS popmax_af")
    return f"""
        SELECT {outer} FROM (
            SELECT chrom_order, contigs.chrom, POS AS pos, ref_ AS ref, alt_ AS alt, {", ".join(columns)}
            FROM ({vcf.ALLELES}) AS alleles JOIN contigs ON alleles.CHROM = contigs.name WHERE {vcf.PLAIN_ALLELES}
        )
    """  # noqa: S608 - put together from constants of this module


def _filtering_frequency(declared: Collection[str], suffix: str, value: _Value) -> str:
    best = next(
        (key for key in (f"fafmax_faf95_max{suffix}", f"faf95_popmax{suffix}", "faf95_max") if key in declared), None
    )
    if best:
        return value("DOUBLE", best)
    groups = [value("DOUBLE", key) for group in GROUPS for key in (f"faf95{suffix}_{group}",) if key in declared]
    return f"greatest({', '.join(groups)})" if groups else value("DOUBLE", f"faf95{suffix}")


def _greatest_group(declared: Collection[str], suffix: str, value: _Value) -> str:
    """SQL: the group with the greatest frequency, NULL where no group has the allele."""
    found = []
    for group in GROUPS:
        counts, numbers = f"AC{suffix}_{group}", f"AN{suffix}_{group}"
        if counts in declared and numbers in declared:
            ac, an = value("BIGINT", counts), value("BIGINT", numbers)
            found.append(f"{{'af': {ac} / nullif({an}, 0), 'ac': {ac}, 'an': {an}, 'name': '{group}'}}")
    empty = "{'af': CAST(NULL AS DOUBLE), 'ac': CAST(NULL AS BIGINT), 'an': CAST(NULL AS BIGINT), 'name': CAST(NULL AS VARCHAR)}"
    if not found:
        return empty
    usable = f"list_filter([{', '.join(found)}], lambda one: one.af > 0)"
    return f"coalesce(list_max({usable}), {empty})"


def _outside(build: GenomeBuild) -> str:
    """SQL: the position is on X or Y outside the pseudoautosomal regions."""
    parts = []
    for chrom, regions in PSEUDOAUTOSOMAL[build].items():
        inside = " OR ".join(f"POS BETWEEN {start} AND {end}" for start, end in regions)
        parts.append(f"(contigs.chrom = '{chrom}' AND NOT ({inside}))")
    return " OR ".join(parts)


# A plain table


def _from_table(conversion: Conversion) -> int:
    what = "a table of population frequencies"
    types = {"pos": pa.int32()}

    def open_table(text: TextFile) -> Columns:
        names, delimiter, _ = column_names(text, _is_header, what)
        lowered = {name.lower() for name in names}
        if not lowered & set(_ROLES["af"]) and not (lowered & set(_ROLES["ac"]) and lowered & set(_ROLES["an"])):
            raise InvalidInputError(f"{text.name} is not {what}: a column 'af', or 'ac' and 'an', is expected")
        optional = [role for role in _ROLES if role not in _NEEDED]
        return columns_by_role(text, names, delimiter, _ROLES, what, types, optional)

    with open_text(conversion.sources[0]) as text:
        columns = open_table(text)
    rows = Rows(columns.schema, read_files(conversion, open_table))
    return write_table(conversion, PackKind.FREQUENCIES, rows, _table_select(columns.wanted))


def _is_header(names: Sequence[str]) -> bool:
    lowered = {name.lower() for name in names}
    return all(lowered & set(_ROLES[role]) for role in ("chrom", "pos", "ref", "alt"))


def _table_select(found: Sequence[str]) -> str:
    def value(role: str, kind: str) -> str:
        return f"TRY_CAST({role} AS {kind})" if role in found else f"CAST(NULL AS {kind})"

    numbers = ", ".join(
        f"{value(role, 'BIGINT')} AS {role}" for role in ("ac", "an", "homozygotes", "hemizygotes", "popmax_ac", "popmax_an")
    )
    ratio = f"{value('ac', 'BIGINT')} / nullif({value('an', 'BIGINT')}, 0)"
    passed = "CASE WHEN upper(filter) IN ('PASS', 'TRUE', '1') THEN true WHEN filter IS NOT NULL THEN false END"
    return f"""
        SELECT chrom_order, contigs.chrom AS chrom, pos, upper(ref) AS ref, upper(alt) AS alt, {numbers},
               coalesce({value("af", "DOUBLE")}, {ratio}) AS af,
               lower({value("popmax_population", "VARCHAR")}) AS popmax_population,
               {value("popmax_af", "DOUBLE")} AS popmax_af, {value("faf95", "DOUBLE")} AS faf95,
               {passed if "filter" in found else "CAST(NULL AS BOOLEAN)"} AS passed
        FROM source JOIN contigs ON source.chrom = contigs.name
        WHERE regexp_full_match(upper(ref), '[ACGTN]+') AND regexp_full_match(upper(alt), '[ACGTN]+')
    """  # noqa: S608 - put together from constants of this module
