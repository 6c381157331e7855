"""Packs are installed whole or not at all, chosen by version, and removed; wrong files are refused in plain words."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.knowledge.genes import Gene, genes
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind, PackRequest
from tests.unit.variants.reference.conftest import Install, rows
from tests.unit.variants.reference.published import G37, G38, clinvar, packed, vcf

ROOT = Path(__file__).resolve().parents[4]


def nothing_is_left(library: ReferenceLibrary) -> bool:
    found = [path for path in library.root.rglob("*") if path.is_file() and path.name not in ("gate.lock", "pins.json.lock")]
    return found == [] and library.installed() == ()


# What a pack says of itself


def test_a_pack_carries_where_it_came_from(library: ReferenceLibrary, tmp_path: Path) -> None:
    path = packed(tmp_path / "clinvar.vcf.gz", clinvar(G38), bgzf=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    request = PackRequest(
        PackKind.CLINVAR, G38, source_url="https://example.org/clinvar.vcf.gz", licence="free", sha256=digest,
        md5=hashlib.md5(path.read_bytes()).hexdigest(),
    )
    pack = library.install(path, request)
    again = library.active(PackKind.CLINVAR, "GRCh38")
    assert again == pack
    assert (pack.sha256, pack.source_url, pack.licence, pack.rows) == (digest, "https://example.org/clinvar.vcf.gz", "free", 3)
    manifest = library.manifest(pack)
    assert manifest["sources"] == [{"name": "clinvar.vcf.gz", "bytes": path.stat().st_size, "sha256": digest}]
    assert set(manifest["tools"]) == {"duckdb", "pyarrow", "pysam"}
    assert pack.size > 0


def test_a_request_survives_the_way_into_another_process() -> None:
    request = PackRequest(PackKind.DOSAGE, G37, "2026-11", date="2026-11", licence="CC0", sha256="a" * 64, origin="job_1")
    assert PackRequest.from_dict(request.as_dict()) == request
    assert PackRequest.from_dict(PackRequest(PackKind.MANE).as_dict()) == PackRequest(PackKind.MANE)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"version": "../x"}, "the version must be"), ({"version": ""}, "the version must be"),
     ({"sha256": "short"}, "64 hexadecimal"), ({"date": "yesterday"}, "YYYY"),
     ({"build": None}, "state the genome build"), ({"licence": "x" * 2_000}, "longer than")],
)
def test_a_request_that_makes_no_sense_is_refused(changed: dict[str, str | None], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        PackRequest(**{"kind": PackKind.CLINVAR, "build": G38, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [{"kind": "nothing"}, {"kind": "clinvar", "build": "hg17"}, {}])
def test_an_unknown_kind_or_build_is_refused_with_those_that_are_known(content: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match=r"kind must be one of sequence, .* build one of GRCh37, GRCh38"):
        PackRequest.from_dict(content)


# Which pack is used


def test_the_newest_is_used_unless_another_is_pinned(install: Install, library: ReferenceLibrary) -> None:
    old = install(PackKind.CLINVAR, clinvar(G38, "2025-09-30"), G38, version="")
    new = install(PackKind.CLINVAR, clinvar(G38, "2026-11-10"), G38, version="")
    other_build = install(PackKind.CLINVAR, clinvar(G37, "2026-12-01"), G37, version="")
    assert library.active(PackKind.CLINVAR, G38) == new
    library.pin(old)
    assert library.active(PackKind.CLINVAR, G38) == old
    assert library.pinned(old)
    assert not library.pinned(new)
    assert library.active(PackKind.CLINVAR, G37) == other_build
    library.remove(old)
    assert library.active(PackKind.CLINVAR, G38) == new
    with pytest.raises(NotFoundError):
        library.pin(old)


def test_versions_are_ordered_as_people_read_them(install: Install, library: ReferenceLibrary) -> None:
    text = vcf(G38, ("AC", "AN"), ["1\t5\t.\tA\tG\t.\tPASS\tAC=1;AN=10"])
    for version in ("4.10", "4.9", "4.1.1"):
        install(PackKind.FREQUENCIES, text, G38, version=version)
    assert [pack.version for pack in library.installed()] == ["4.10", "4.9", "4.1.1"]


def test_a_kind_without_coordinates_serves_both_builds(install: Install, library: ReferenceLibrary) -> None:
    head = "ncbi_gene_id\tgene_symbol\thpo_id\thpo_name\tfrequency\tdisease_id\n"
    pack = install(PackKind.PHENOTYPES, head + "1\tMEFV\tHP:0001954\tFever\t-\tOMIM:1\n", G37)
    assert pack.build is None
    assert library.active(PackKind.PHENOTYPES, G38) == library.active(PackKind.PHENOTYPES, G37) == pack


def test_a_missing_pack_is_said_and_an_installed_one_is_not(install: Install, library: ReferenceLibrary) -> None:
    assert library.active(PackKind.CLINVAR, G38) is None
    assert library.why_missing(PackKind.CLINVAR, G38) == "not annotated: no pack of ClinVar is installed for GRCh38"
    assert library.why_missing(PackKind.MANE, G38) == "not annotated: no pack of MANE transcripts is installed"
    install(PackKind.CLINVAR, clinvar(G38), G38)
    assert library.why_missing(PackKind.CLINVAR, G38) == ""
    assert library.why_missing(PackKind.CLINVAR, G37) != ""


def test_a_removed_pack_is_gone_and_removing_it_again_does_no_harm(install: Install, library: ReferenceLibrary) -> None:
    pack = install(PackKind.CLINVAR, clinvar(G38), G38)
    library.remove(pack)
    library.remove(pack)
    assert nothing_is_left(library)
    assert install(PackKind.CLINVAR, clinvar(G38), G38) == pack


# Wrong files

_FREQUENCIES = vcf(G38, ("AC", "AN"), ["1\t5\t.\tA\tG\t.\tPASS\tAC=1;AN=10"])


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (PackKind.CLINVAR, _FREQUENCIES, "is not ClinVar's VCF: its header does not declare INFO/CLNSIG"),
        (PackKind.FREQUENCIES, clinvar(G38), "not a VCF of population frequencies: its header does not declare INFO/AC"),
        (PackKind.SPLICEAI, clinvar(G38), "does not declare INFO/SpliceAI"),
        (PackKind.POPULATION_SV, clinvar(G38), "does not declare INFO/SVTYPE"),
        (PackKind.CLINVAR, "gene\tscore\nMEFV\t1\n", "is not a VCF file: it begins with 'gene"),
        (PackKind.REVEL, "a,b\n1,2\n", "is not REVEL's table: it has no such line of column names, it begins with 'a,b'"),
        (PackKind.ALPHAMISSENSE, "protein_variant\tam_pathogenicity\nV2L\t0.2\n", "a column 'CHROM' is expected"),
        (PackKind.CONSTRAINT, "gene\ta\tb\tc\nX\t1\t2\t3\n", "a column 'transcript' is expected, found gene, a, b, c"),
        (PackKind.PHENOTYPES, "gene\tterm\n", "is not HPO's genes_to_phenotype.txt"),
        (PackKind.MANE, "symbol\tname\n", "is not the MANE summary"),
        (PackKind.DOSAGE, "chr1\t5\t9\tMEFV\t3\n", "does not say which score it holds"),
        (PackKind.FREQUENCIES, "chrom\tpos\tref\talt\n1\t2\tA\tG\n", "a column 'af', or 'ac' and 'an', is expected"),
        (PackKind.FREQUENCIES, "chrom\tpos\tref\talt\taf\n1\ttwo\tA\tG\t0.1\n", "not the table that was expected"),
        (PackKind.FREQUENCIES, "chrom\tpos\tref\talt\taf\n1\t2\tA\tG\t0.1\textra\n", "Expected 5 columns, got 6"),
        (PackKind.CLINVAR, vcf(None, ("CLNSIG", "CLNREVSTAT"), []), "no usable row for ClinVar"),
        (PackKind.CLINVAR, vcf(None, ("CLNSIG", "CLNREVSTAT"), ["HLA-A\t5\t1\tA\tG\t.\t.\tCLNSIG=Benign"]), "no usable row"),
        (PackKind.SOMATIC_EVIDENCE, "x\n", "."),
        (PackKind.CLINVAR, "", "the file is empty"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_what_was_found_and_expected(
    install: Install, library: ReferenceLibrary, kind: PackKind, text: str, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        install(kind, text, G38)
    assert nothing_is_left(library)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (clinvar(G37), r"is in GRCh37 \(its header names GRCh37\), but GRCh38 was asked for"),
        (vcf(G37, ("CLNSIG", "CLNREVSTAT"), ["1\t5\t1\tA\tG\t.\t.\tCLNSIG=Benign"]), "contig lengths are those of GRCh37"),
        (vcf(None, ("CLNSIG", "CLNREVSTAT"), ["1\t249000000\t1\tA\tG\t.\t.\tCLNSIG=Benign"]), "the file is in GRCh37"),
    ],
)
def test_another_build_is_refused_by_header_lengths_and_positions(
    install: Install, library: ReferenceLibrary, text: str, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        install(PackKind.CLINVAR, text, G38)
    assert nothing_is_left(library)


def test_a_build_that_only_the_sequence_betrays_is_refused(install: Install, tmp_path: Path) -> None:
    fasta = tmp_path / "part.fa"
    fasta.write_text(">1\n" + "ACGT" * 5_000 + "\n")
    install(PackKind.SEQUENCE, fasta, G38)
    good = [f"1\t{at}\t{at}\t{'ACGT'[(at - 1) % 4]}\tN\t.\t.\tCLNSIG=Benign" for at in range(1, 400)]
    shifted = [f"1\t{at}\t{at}\t{'ACGT'[at % 4]}\tN\t.\t.\tCLNSIG=Benign" for at in range(1, 400)]
    keys = ("CLNSIG", "CLNREVSTAT")
    assert install(PackKind.CLINVAR, vcf(None, keys, good), G38).rows == 399
    with pytest.raises(InvalidInputError, match="399 of 399 reference bases differ from the installed sequence of GRCh38"):
        install(PackKind.CLINVAR, vcf(None, keys, shifted), G38, version="2")


def test_a_build_that_only_the_places_of_known_genes_betray_is_refused(install: Install) -> None:
    chosen = [gene for gene in genes().values() if not _overlap_in_both(gene)][:5]
    lines = [
        f"chr{place.chrom}\t{place.start - 1}\t{place.end}\t{gene.symbol}\t3"
        for gene in chosen for place in (gene.places["GRCh37"],)
    ]
    text = "track name='Haploinsufficiency'\n" + "\n".join(lines) + "\n"
    assert install(PackKind.DOSAGE, text, G37).rows == 5
    with pytest.raises(InvalidInputError, match=r"5 known genes, .* lie where GRCh37 has them: the file is not in GRCh38"):
        install(PackKind.DOSAGE, text, G38)


def _overlap_in_both(gene: Gene) -> bool:
    first, second = (gene.places.get(build) for build in ("GRCh37", "GRCh38"))
    return first is None or second is None or first.overlaps(second.chrom, second.start, second.end)


@pytest.mark.parametrize("bgzf", [False, True])
@pytest.mark.parametrize("damage", ["cut", "bit", "tail"])
def test_a_damaged_or_cut_file_is_refused(
    install: Install, library: ReferenceLibrary, tmp_path: Path, damage: str, bgzf: bool
) -> None:
    lines = [f"1\t{at}\t{at}\tA\tG\t.\t.\tCLNSIG=Benign;CLNDN=x{at * 7919 % 10007}" for at in range(1, 5_000)]
    path = packed(tmp_path / "clinvar.vcf.gz", clinvar(G38, rows=lines), bgzf=bgzf)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "bit":
        data[len(data) // 2] ^= 0x10
    else:
        data = data[: -28 if bgzf else -4]  # BGZF's end marker; the length at the end of gzip
    path.write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match=r"damaged or cut off|is cut off"):
        install(PackKind.CLINVAR, path, G38)
    assert nothing_is_left(library)


def test_gzip_of_several_members_is_read_to_its_end(install: Install, tmp_path: Path) -> None:
    text = clinvar(G38).encode()
    path = tmp_path / "members.vcf.gz"
    path.write_bytes(gzip.compress(text[:300]) + gzip.compress(text[300:]))
    assert install(PackKind.CLINVAR, path, G38).rows == 3


@pytest.mark.parametrize(("field", "said"), [("sha256", "SHA-256"), ("md5", "MD5")])
def test_a_file_with_another_checksum_is_refused_before_it_is_read(
    library: ReferenceLibrary, tmp_path: Path, field: str, said: str
) -> None:
    path = tmp_path / "clinvar.vcf"
    path.write_text("no VCF at all")
    wrong = {"sha256": "0" * 64, "md5": "0" * 32}[field]
    with pytest.raises(InvalidInputError, match=f"the {said} checksum of clinvar.vcf is .* but {wrong} was expected"):
        library.install(path, PackRequest(PackKind.CLINVAR, G38, version="1", **{field: wrong}))
    assert nothing_is_left(library)


def test_a_file_that_does_not_say_its_version_needs_one(install: Install) -> None:
    with pytest.raises(InvalidInputError, match="state the version"):
        install(PackKind.FREQUENCIES, _FREQUENCIES, G38, version="")


def test_no_file_is_said_plainly(library: ReferenceLibrary, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no file absent\.vcf"):
        library.install(tmp_path / "absent.vcf", PackRequest(PackKind.CLINVAR, G38))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="holds no file"):
        library.install(tmp_path / "empty", PackRequest(PackKind.CLINVAR, G38))


# Two at once, stopped, killed


def test_of_two_installations_of_one_version_one_wins_and_the_other_says_so(library: ReferenceLibrary, tmp_path: Path) -> None:
    path = tmp_path / "clinvar.vcf"
    path.write_text(clinvar(G38))
    together = threading.Barrier(2)
    ended: list[Pack | ConflictError] = []

    def run() -> None:
        waited = False

        def report(_share: float, _message: str) -> None:
            nonlocal waited
            if not waited:
                waited = True
                together.wait(20)  # both are past the first look whether it is installed

        try:
            ended.append(library.install(path, PackRequest(PackKind.CLINVAR, G38), report))
        except ConflictError as error:
            ended.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(one).__name__ for one in ended) == ["ConflictError", "Pack"]
    assert len(library.installed()) == 1


def test_what_is_stopped_leaves_nothing(library: ReferenceLibrary, tmp_path: Path) -> None:
    path = tmp_path / "clinvar.vcf"
    path.write_text(clinvar(G38))
    asked = iter([False, True])
    with pytest.raises(ConflictError, match="was stopped"):
        library.install(path, PackRequest(PackKind.CLINVAR, G38), should_stop=lambda: next(asked, True))
    assert nothing_is_left(library)


_KILLED = """
import sys, time
from pathlib import Path
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackRequest
def report(share, message):
    if share >= float(sys.argv[3]):
        print("there", flush=True)
        time.sleep(60)
request = PackRequest.from_dict({"kind": "clinvar", "build": "GRCh38"})
ReferenceLibrary(Path(sys.argv[1])).install(Path(sys.argv[2]), request, report)
"""


@pytest.mark.parametrize("share", ["0.1", "0.5", "1.0"])
def test_a_killed_installation_leaves_nothing_to_be_read_and_the_next_one_clears_up(
    library: ReferenceLibrary, tmp_path: Path, share: str
) -> None:
    path = tmp_path / "clinvar.vcf"
    path.write_text(clinvar(G38))
    command = [sys.executable, "-c", _KILLED, str(library.root), str(path), share]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"there\n"
        assert library.sweep() == 0  # it is alive
        child.send_signal(signal.SIGKILL)
    assert library.installed() == ()
    assert len([one for one in (library.root / ".building").iterdir() if one.is_dir()]) == 1
    pack = library.install(path, PackRequest(PackKind.CLINVAR, G38))
    assert rows(pack.path)
    assert [one.name for one in (library.root / ".building").iterdir()] == ["gate.lock"]


def test_pins_that_are_set_at_once_do_not_overwrite_each_other(install: Install, library: ReferenceLibrary) -> None:
    packs = [install(PackKind.CLINVAR, clinvar(build), build) for build in GenomeBuild]
    threads = [threading.Thread(target=library.pin, args=(pack,)) for pack in packs * 10]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert all(library.pinned(pack) for pack in packs)
