"""Words shared by the curated passages: disease names spelled out, lists, sources, texts cut to a readable length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.clinical.disease import Disease
from services.evidence.collections import BY_NAME
from services.evidence.passages import MetadataValue, Passage, Tier
from services.knowledge.sources import Source

MAX_TEXT = 1_150  # characters; about 250 word pieces, what the embedding model reads
_BODY = 740  # characters of one passage before its source line
_CONTEXT = 160

_ABBREVIATED: dict[Disease, str] = {
    Disease.RHEUMATOID_ARTHRITIS: "rheumatoid arthritis (RA)",
    Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS: "systemic lupus erythematosus (SLE, lupus)",
    Disease.MULTIPLE_SCLEROSIS: "multiple sclerosis (MS)",
    Disease.TYPE_1_DIABETES: "type 1 diabetes (T1D)",
    Disease.INFLAMMATORY_BOWEL_DISEASE: "inflammatory bowel disease (IBD: Crohn's disease, ulcerative colitis)",
    Disease.PSORIASIS: "psoriasis and psoriatic arthritis (PsA)",
    Disease.ANKYLOSING_SPONDYLITIS: "ankylosing spondylitis (AS, axial spondyloarthritis)",
    Disease.SJOGRENS_SYNDROME: "Sjögren's disease (Sjögren's syndrome)",
    Disease.SYSTEMIC_SCLEROSIS: "systemic sclerosis (SSc, scleroderma)",
    Disease.MYASTHENIA_GRAVIS: "myasthenia gravis (MG)",
    Disease.CELIAC_DISEASE: "celiac disease (coeliac disease)",
    Disease.GRAVES_DISEASE: "Graves' disease",
    Disease.HASHIMOTO_THYROIDITIS: "Hashimoto's thyroiditis (autoimmune thyroiditis)",
}
_OUTSIDE: dict[str, str] = {
    "aps": "antiphospholipid syndrome (APS)", "nmosd": "neuromyelitis optica spectrum disorder (NMOSD)",
    "mogad": "MOG antibody-associated disease (MOGAD)",
}
_SENTENCE_END = re.compile(r"(?<=[.!?;]) ")


def disease_in_words(identifier: str) -> str:
    """Return a disease's name with its abbreviation; an identifier outside the thirteen is written out."""
    try:
        return _ABBREVIATED[Disease(identifier)]
    except ValueError:
        return _OUTSIDE.get(identifier, identifier.replace("_", " "))


def diseases_in_words(identifiers: Iterable[str]) -> str:
    return listed([disease_in_words(identifier) for identifier in identifiers])


def listed(parts: Sequence[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(text: str) -> str:
    """Return the text as a sentence: capital first, full stop last; an empty text stays empty."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def slug(text: str) -> str:
    """Return a stable identifier of lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("+", "plus").replace("*", "-")).strip("-")


def cited(sources: Iterable[Source]) -> str:
    return "; ".join(str(source) for source in sources)


def packed(lead: str, pieces: Iterable[str]) -> Iterator[str]:
    """Yield the pieces joined into texts of a readable length, each opened by the lead.

    A piece is split only when it alone is too long, and then between sentences.
    """
    body = ""
    for piece in _short(pieces, _BODY - len(lead)):
        if body and len(lead) + len(body) + len(piece) > _BODY:
            yield f"{lead} {body}".strip()
            body = ""
        body = f"{body} {piece}".strip()
    if body:
        yield f"{lead} {body}".strip()


def _short(pieces: Iterable[str], room: int) -> Iterator[str]:
    for piece in pieces:
        rest = piece.strip()
        while len(rest) > room:
            ends = [match.start() for match in _SENTENCE_END.finditer(rest, 0, room)] or [rest.rfind(" ", 0, room)]
            yield rest[: ends[-1]].strip()
            rest = rest[ends[-1] :].strip()
        if rest:
            yield rest


def passages(
    collection: str,
    identifier: str,
    title: str,
    texts: Iterable[str],
    sources: str,
    metadata: Mapping[str, MetadataValue | None],
    context: str = "",
) -> Iterator[Passage]:
    """Yield one passage a text, numbered after the first.

    Metadata keeps the collection's own fields that have a value; the context is cut to one line.
    """
    fields = BY_NAME[collection].field_names
    kept = {name: value for name, value in metadata.items() if name in fields and value not in (None, "")}
    for number, text in enumerate(texts, start=1):
        yield Passage(
            id=slug(identifier) if number == 1 else f"{slug(identifier)}-{number}",
            collection=collection,
            text=f"{sentence(' '.join(text.split()))} Source: {sources}.",
            title=title,
            tier=Tier.CURATED,
            source=sources,
            metadata=kept,
            context=context if len(context) <= _CONTEXT else context[:_CONTEXT].rsplit(" ", 1)[0].rstrip(" ,(:"),
        )


def pmids(sources: Iterable[Source]) -> str:
    return ",".join(source.pmid for source in sources if source.pmid)
