"""Tables and verdicts in markdown, printed and kept in docs/benchmarks.md between two marks."""

import re
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- {}: measured -->", "<!-- {}: end -->"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What has to be reached, and whether it was; `target` in words."""

    what: str
    found: str
    target: str
    reached: bool


@dataclass(kw_only=True)
class Part:
    """One part of the measurements; a table has its head first."""

    name: str
    title: str
    tables: list[list[list[str]]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def at_most(self, what, found, most, unit=""):
        self.claims.append(
            Claim(what=what, found=f"{found:.3g}{unit}", target=f"at most {most}{unit}", reached=found <= most)
        )

    def at_least(self, what, found, least, unit=""):
        self.claims.append(
            Claim(what=what, found=f"{found:.3g}{unit}", target=f"at least {least}{unit}", reached=found >= least)
        )


def markdown(part):
    parts = [f"## {part.title}", *map(_table, part.tables)]
    if part.claims:
        rows = [[each.what, each.found, each.target, "yes" if each.reached else "**NO**"] for each in part.claims]
        parts.append(_table([["must reach", "found", "target", "reached"], *rows]))
    if part.notes:
        parts.append("\n".join(f"- {note}" for note in part.notes))
    return "\n\n".join(parts)


def keep(part):
    """Put the part into the page in place of what was measured before."""
    begin, end = _BEGIN.format(part.name), _END.format(part.name)
    measured = f"{begin}\n{markdown(part)}\n{end}"
    page = PAGE.read_text()
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    PAGE.write_text(found.sub(lambda _: measured, page) if found.search(page) else f"{page.rstrip()}\n\n{measured}\n")


def _table(table):
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]

    def line(row):
        return "| " + " | ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) + " |"

    return "\n".join(
        [line(table[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, table[1:])]
    )
