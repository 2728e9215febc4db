"""The pages that users read, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

FENCED = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code: its language as the page names it, "" where it names none."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path, language: str | None = None) -> Iterator[Block]:
    """The blocks between fences, in order; of one language if it is given."""
    text = page.read_text(encoding="utf-8")
    for found in FENCED.finditer(text):
        indent, name, body = found.groups()
        if language in (None, name):
            plain = re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
            yield Block(page, text.count("\n", 0, found.start()) + 1, name, plain)


def all_blocks(language: str) -> list[Block]:
    """The blocks of a language on all pages."""
    return [block for page in PAGES for block in blocks_of(page, language)]
