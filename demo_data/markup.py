"""The plain markup in which a document's prose is written in the source files.

    # Heading          starts a section
    text               paragraphs, separated by a blank line
    - item             a bullet; an indented line continues it
    [labs]             prints the facts of that kind at the end of this section
"""

from __future__ import annotations

from demo_data.schema import Block, Section

_BLOCKS = {f"[{block.value}]": block for block in Block}


class _Draft:
    def __init__(self, heading: str) -> None:
        self.heading = heading
        self.paragraphs: list[str] = []
        self.bullets: list[str] = []
        self.block: Block | None = None
        self.open = False

    def add(self, line: str) -> None:
        stripped = line.strip()
        if not stripped:
            self.open = False
        elif stripped in _BLOCKS:
            self.block = _BLOCKS[stripped]
            self.open = False
        elif stripped.startswith("- "):
            self.bullets.append(stripped[2:])
            self.open = True
        elif self.open:
            target = self.bullets if self.bullets else self.paragraphs
            target[-1] = f"{target[-1]} {stripped}"
        elif self.bullets:
            raise ValueError(f"section {self.heading!r}: prose after bullets needs its own heading: {stripped[:60]!r}")
        else:
            self.paragraphs.append(stripped)
            self.open = True

    def section(self) -> Section:
        return Section(
            heading=self.heading, paragraphs=tuple(self.paragraphs), bullets=tuple(self.bullets), block=self.block
        )


def parse_sections(text: str) -> tuple[Section, ...]:
    """Return the sections of `text`, in order.

    :raise ValueError: prose stands before the first heading, a section is empty, or prose follows bullets.
    """
    drafts: list[_Draft] = []
    for line in text.splitlines():
        if line.startswith("# "):
            drafts.append(_Draft(line[2:].strip()))
        elif drafts:
            drafts[-1].add(line)
        elif line.strip():
            raise ValueError(f"prose before the first heading: {line.strip()[:60]!r}")
    return tuple(draft.section() for draft in drafts)
