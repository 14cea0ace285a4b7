"""Where every number comes from: methods, attrition, hashes (slot 13)."""

import re
from dataclasses import dataclass

from onearm.report.words import Words
from onearm.results.study_result import StudyResult

_SAME = re.compile(r"^(treated|claims|null_predictive)\..*")
_NAMED = re.compile(r"^(comparator|trial|marker|balance|unresolved\.tipping|drift\.delta_star)\.([^.]+)")
_SWEPT = re.compile(r"(landmark|day|mass\.)\d+")


@dataclass(frozen=True, slots=True)
class MethodLine:
    """A method with the ids in results.json that it made; families of ids are written with a star."""

    method: str
    ids: str


def method_lines(result: StudyResult) -> tuple[MethodLine, ...]:
    """Every method named by an estimate, in order of first use."""
    ids: dict[str, dict[str, None]] = {}
    for e in result.estimates:
        if e.method:
            family = _SAME.sub(r"\1.*", _SWEPT.sub(r"\1*", _NAMED.sub(r"\1.*", e.id)))
            ids.setdefault(e.method, {})[family] = None
    return tuple(MethodLine(method, ", ".join(found)) for method, found in ids.items())


def input_lines(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """File and the first 16 hexadecimal digits of its SHA-256; all 64 stand in results.json."""
    return tuple((name, sha[:16]) for name, sha in result.inputs.items())


def provenance_text(result: StudyResult, words: Words) -> str:
    """Program, seed, schema, data lock in one line."""
    lock = result.about.data_lock or words("footer.no_lock")
    return words(
        "footer.provenance",
        version=result.onearm,
        command=result.command,
        seed=result.seed,
        schema=result.schema,
        lock=lock,
        origin=words(f"origin.{result.about.provenance}")
        if words.has(f"origin.{result.about.provenance}")
        else result.about.provenance,
    )
