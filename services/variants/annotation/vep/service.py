"""Asks a VEP REST service as Ensembl documents it: `POST vep/homo_sapiens/region`, at most 200 variants at a time.

Before any variant is sent the service is asked for its release and its genome build; another build is refused. Only the texts
`chrom pos . ref alt . . .` are sent. Answers are matched by the `input` they repeat, so that their order does not matter and one
that is missing is missed. Every batch that was answered is written down at once beside the table: a run that was broken off
goes on after it, as long as service, release and build are the same.
SEE: https://rest.ensembl.org/documentation/info/vep_region_post and https://github.com/Ensembl/ensembl-rest/wiki/Rate-Limits
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from services.errors import InvalidInputError, UnavailableError
from services.network.asking import Answer, Service
from services.variants.annotation.model import Progress, ShouldStop
from services.variants.annotation.vep.source import VepSource
from services.variants.vcf.importing import StoppedError

BATCH = 200
_MAX_BYTES = 64 << 20
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_MAX_TEXT = 400
_MAX_ENTRIES = 2_000
_LOOK_SECONDS = 0.2

ENTRY = (
    "Allele", "Consequence", "IMPACT", "SYMBOL", "Gene", "Feature", "BIOTYPE", "HGVSc", "HGVSp", "CANONICAL", "MANE_SELECT",
)  # fmt: skip
"""The subfields of an entry, in VEP's own words for its VCF."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a service said of alleles: their entries, or why it refused one. `version` is that of the service's data."""

    version: str
    entries: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]


class VepService:
    """One service for one run. `notes` is the file in which answers are kept until the run is done."""

    def __init__(self, source: VepSource, notes: Path, should_stop: ShouldStop) -> None:
        self._service: Service = source.service()
        self._build = source.build
        self._place = source.place
        self._notes = notes
        self._should_stop = should_stop
        self._patience = source.patience
        self._refusals = 0

    def annotated(self, texts: Sequence[str], report: Progress) -> Found:
        """Ask for every text once. Texts that the service leaves out are in neither part of the answer.

        :raise UnavailableError: the service does not answer, or asks to wait for longer than a run should; what it said is kept.
        :raise InvalidInputError: it is of another build, is no such service, or refuses what it is asked.
        :raise StoppedError: told to stop, which is asked between batches and while waiting.
        """
        release = self._release()
        known = _Notes(self._notes, {"place": self._place, "release": release, "build": str(self._build)})
        wanted = [text for text in dict.fromkeys(texts) if text not in known.asked]
        for start in range(0, len(wanted), BATCH):
            done = len(known.asked)
            left = len(wanted) - start
            report(done / max(1, done + left), f"{self._place}: {done:,} variants answered, {left:,} to ask")
            batch = wanted[start : start + BATCH]
            for part, answers, refusal in self._answers(batch):
                known.add(part, answers, refusal)
        return Found(release, known.entries, known.refused)

    def _release(self) -> str:
        """Return the service's release once its build is known to be the table's."""
        assembly = self._asked("/info/assembly/homo_sapiens")
        named = str(assembly.get("assembly_name", "") if isinstance(assembly, dict) else "")[:60]
        if not named.startswith(str(self._build)):
            theirs = _plain(named) or "no build that it names"
            raise InvalidInputError(f"{self._place} is of {theirs}, the table of {self._build}: nothing was sent")
        software = self._asked("/info/software")
        release = software.get("release") if isinstance(software, dict) else None
        if not isinstance(release, int | str) or isinstance(release, bool) or not str(release)[:20].strip():
            raise InvalidInputError(f"{self._place} does not name its release: it is no VEP service of Ensembl's kind")
        return _plain(str(release))[:20]

    def _asked(self, target: str) -> Any:
        answer = self._patiently(target, None)
        if answer.status != HTTPStatus.OK:
            raise InvalidInputError(f"{self._place} answers {answer.status} to {target}: it is no VEP service of Ensembl's kind")
        return self._read(answer)

    def _answers(self, batch: Sequence[str]) -> Iterator[tuple[Sequence[str], Mapping[str, tuple[str, ...]], str]]:
        """Ask for a batch; one that is refused is halved until the variant that upsets the service stands alone."""
        content = {"variants": list(batch), "hgvs": 1, "canonical": 1, "mane": 1}
        answer = self._patiently("/vep/homo_sapiens/region", json.dumps(content).encode())
        if answer.status == HTTPStatus.OK:
            yield batch, self._matched(batch, self._read(answer)), ""
            return
        if answer.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
            raise InvalidInputError(f"{self._place} refuses to annotate ({answer.status})")
        if len(batch) > 1:
            middle = len(batch) // 2
            yield from self._answers(batch[:middle])
            yield from self._answers(batch[middle:])
            return
        self._refusals += 1
        most = self._patience.most_refused
        if self._refusals > most:
            raise InvalidInputError(f"{self._place} refused more than {most} variants, one after the other")
        yield batch, {}, f"refused by the service: {_reason(answer)}"

    def _patiently(self, target: str, body: bytes | None) -> Answer:
        """Ask until there is an answer to use; waits as the service asks for, else longer each time."""
        for pause in (*self._patience.pauses, None):
            if self._should_stop():
                raise StoppedError
            said, waits = self._once(target, body)
            if isinstance(said, Answer) and said.status != HTTPStatus.TOO_MANY_REQUESTS and said.status < 500:
                return said
            why = said.message if isinstance(said, UnavailableError) else f"{self._place} answers {said.status}"
            if waits is not None and waits > self._patience.longest_pause:
                raise UnavailableError(f"{self._place} asks to be left alone for {waits / 60:,.0f} minutes")
            if pause is None:
                raise UnavailableError(f"{why}, asked {len(self._patience.pauses) + 1} times")
            self._wait(pause if waits is None else waits)
        raise AssertionError("the last round returns or raises")

    def _once(self, target: str, body: bytes | None) -> tuple[Answer | UnavailableError, float | None]:
        try:
            answer = self._service.ask(
                target, body, limit_bytes=_MAX_BYTES, silence_seconds=self._patience.silence_seconds,
                should_stop=self._should_stop, headers=_JSON,
            )
        except UnavailableError as error:
            return error, None
        if answer is None:
            raise StoppedError
        return answer, answer.retry_after

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._should_stop():
                raise StoppedError
            time.sleep(min(left, _LOOK_SECONDS))

    def _read(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"{self._place} does not answer with JSON: it is no VEP service") from error

    def _matched(self, batch: Sequence[str], content: Any) -> dict[str, tuple[str, ...]]:
        """Return the entries of each variant that the answer speaks of, by the text it was asked with."""
        if not isinstance(content, list):
            raise InvalidInputError(f"{self._place} answers with something else than a list: it is no VEP service")
        own = {tuple(text.split()[:5]): text for text in batch}
        found: dict[str, tuple[str, ...]] = {}
        for one in content:
            text = own.get(tuple(str(one.get("input", ""))[:3_000].split()[:5])) if isinstance(one, dict) else None
            if text is None:
                continue
            named = str(one.get("assembly_name", ""))
            if named and not named.startswith(str(self._build)):
                raise InvalidInputError(f"{self._place} answers for {_plain(named)[:60]}, the table is of {self._build}")
            found[text] = tuple(_entries(one))
        return found


def _entries(one: Mapping[str, Any]) -> Iterator[str]:
    """Write what an answer says of transcripts and of the space between genes as VEP writes it into a VCF."""
    count = 0
    for kind in ("transcript_consequences", "intergenic_consequences"):
        listed = one.get(kind)
        for each in listed[:_MAX_ENTRIES] if isinstance(listed, list) else ():
            if isinstance(each, dict):
                count += 1
                yield _entry(each)
    if not count and one.get("most_severe_consequence"):
        yield _entry({"consequence_terms": [one["most_severe_consequence"]]})


def _entry(each: Mapping[str, Any]) -> str:
    terms = each.get("consequence_terms")
    values: Mapping[str, Any] = {
        "Allele": each.get("variant_allele"),
        "Consequence": "&".join(_plain(str(term)) for term in terms[:30]) if isinstance(terms, list) else None,
        "IMPACT": each.get("impact"), "SYMBOL": each.get("gene_symbol"), "Gene": each.get("gene_id"),
        "Feature": each.get("transcript_id"), "BIOTYPE": each.get("biotype"), "HGVSc": each.get("hgvsc"),
        "HGVSp": each.get("hgvsp"), "CANONICAL": "YES" if each.get("canonical") else None, "MANE_SELECT": each.get("mane_select"),
    }
    return "|".join(_plain(str(values[name])) if values[name] is not None else "" for name in ENTRY)


def _plain(text: str) -> str:
    """Keep what a value of VEP's may hold, with its own stand-ins for the signs that divide a VCF."""
    swapped = text[:_MAX_TEXT].translate(_SWAPPED)
    return "".join(sign for sign in swapped if "!" <= sign <= "~")


_SWAPPED = str.maketrans({",": "&", "|": "&", ";": "%3B", "=": "%3D", " ": "_"})


def _reason(answer: Answer) -> str:
    try:
        said = json.loads(answer.body)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"it answered {answer.status}"
    return _plain(str(said)).replace("_", " ")[:200] or f"it answered {answer.status}"


class _Notes:
    """Answers in a file of lines of JSON; the first names the service. A file of another service or release begins anew."""

    def __init__(self, path: Path, head: Mapping[str, str]) -> None:
        self._path = path
        self.asked: set[str] = set()
        self.entries: dict[str, tuple[str, ...]] = {}
        self.refused: dict[str, str] = {}
        self._head = dict(head)
        lines = _lines(path)
        if next(lines, None) == self._head:
            for line in lines:
                self._take(line)
        path.unlink(missing_ok=True)
        if self.asked:
            self._write([self._head, *self._all()])

    def add(self, asked: Sequence[str], entries: Mapping[str, tuple[str, ...]], refusal: str) -> None:
        """Note what was said of the variants of one question."""
        line = {"asked": list(asked), "entries": entries, "refusal": refusal}
        self._take(line)
        self._write([line] if self._path.is_file() else [self._head, line])

    def _take(self, line: Mapping[str, Any]) -> None:
        self.asked.update(line["asked"])
        self.entries |= {text: tuple(entries) for text, entries in line["entries"].items()}
        self.refused |= dict.fromkeys(line["asked"], line["refusal"]) if line["refusal"] else {}

    def _all(self) -> Iterator[dict[str, Any]]:
        yield {"asked": [one for one in self.asked if one not in self.refused], "entries": self.entries, "refusal": ""}
        for one, refusal in self.refused.items():
            yield {"asked": [one], "entries": {}, "refusal": refusal}

    def _write(self, lines: Sequence[Mapping[str, Any]]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file up to one that was not written to its end."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                return
            if not isinstance(line, dict):
                return
            yield line

