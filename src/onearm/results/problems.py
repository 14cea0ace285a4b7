"""Problems of input, collected so that all of them are told at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one place of one file."""

    file: str
    sentence: str  # who, the value, the rule
    remedy: str = ""
    line: int | None = None  # 1-based line of the file, the header counted


class StudyProblems(Exception):
    """All problems found, in the form of the errors page: file, count, what was done, then line by line."""

    def __init__(self, problems: Iterable[Problem], done: str = "nothing was written") -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        self.done = done
        super().__init__(self.text())

    def text(self) -> str:
        """The message a person reads."""
        ordered = sorted(self.problems, key=lambda p: (p.file, p.line or 0))
        blocks = []
        for file, group in groupby(ordered, key=lambda p: p.file):
            found = list(group)
            count = "1 problem" if len(found) == 1 else f"{len(found):,} problems"
            lines = [f"{file}, {count}; {self.done}."]
            width = max(len(str(p.line or "")) for p in found)
            for p in found:
                head = f"  line {p.line:>{width}}  " if p.line else "  "
                lines.append(head + p.sentence)
                if p.remedy:
                    lines.append(" " * len(head) + p.remedy)
            blocks.append("\n".join(lines))
        return "\n".join(blocks)

    def __str__(self) -> str:
        return self.text()
