"""Write the generated reference pages: python docs/write_reference.py (make docs)."""

import json
from pathlib import Path

from onearm.physiology.host.model import equation_table
from onearm.physiology.host.registry_table import registry_table
from onearm.records.reference import PAGES
from onearm.results.encoding import json_schema
from onearm.results.study_result import SCHEMA, StudyResult
from onearm.verdict.flags import FLAGS
from onearm.verdict.gates import GATES

FOLDER = Path(__file__).parent / "reference"


def results_schema() -> str:
    """JSON Schema of results.json."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{SCHEMA}/schema",
        **json_schema(StudyResult),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def verdict_page() -> str:
    """The rule table in words."""
    lines = [
        "# The rule table",
        "",
        "*What must hold before a level is given?*",
        "",
        "Written by `make docs` from `src/onearm/verdict/`. The level is the lowest cap among the conditions that",
        "fail. A condition whose input is not reported fails: a limit of the source, not of the product. A publication",
        "of one arm never passes L1; L4 is for randomised evidence alone.",
        "",
        "| condition | passes when | caps at if not |",
        "|---|---|---|",
        *(f"| {g.id} {g.title} | {g.threshold} | {g.cap} |" for g in GATES),
        "",
        "| level | means |",
        "|---|---|",
        "| L0 | cannot be assessed: n, deaths, unresolved or horizon missing |",
        "| L1 | describes; variant a: chance alone would do it, b: it hangs on the unresolved, c: fewer than chance |",
        "| L2 | compatible with benefit, none and harm |",
        "| L3 | a signal worth a randomised trial |",
        "| L4 | randomised |",
        "",
        f"Flags {FLAGS[0].id} to {FLAGS[-1].id} tell weaknesses; they do not move the level.",
    ]
    return "\n".join(lines) + "\n"


def model_page() -> str:
    """Equations and parameters of the drug in its host."""
    parts = [
        "# The drug in its host",
        "",
        "*What does a virtual hospital run on, and how much of it is known?*",
        "",
        "Written by `make docs` from `model.py` and `parameters.toml` of `physiology/host`. Time in days; P, N, D, C",
        "in the amounts of Reynolds 2006. What it may be used for: [draw a virtual hospital](../how-to/simulate.md).",
        "",
        "## Equations",
        "",
        equation_table(),
        "## Parameters",
        "",
        registry_table(),
    ]
    return "\n".join(parts)


ALL = {**PAGES, "results.schema.json": results_schema, "verdict.md": verdict_page, "model.md": model_page}

if __name__ == "__main__":
    for name, page in ALL.items():
        (FOLDER / name).write_text(page(), encoding="utf-8", newline="\n")
        print(f"docs/reference/{name}")
