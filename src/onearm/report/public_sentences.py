"""Public sentences beside the record, gathered by answer and reason (slot 8)."""

from dataclasses import dataclass

from onearm.report.marks import failed, passed, unknown
from onearm.report.words import Words
from onearm.results.study_result import Answer, PublicClaim, StudyResult

_ORDER = (Answer.WRONG, Answer.SUPPORTED, Answer.CANNOT)
_KEYS = {Answer.SUPPORTED: "supported", Answer.WRONG: "wrong", Answer.CANNOT: "cannot"}
_MARKS = {Answer.SUPPORTED: passed, Answer.WRONG: failed, Answer.CANNOT: unknown}


@dataclass(frozen=True, slots=True)
class SameReason:
    """Sentences that get the same answer for the same reason."""

    reason: str
    sentences: tuple[tuple[str, str], ...]  # ids ("n11, n24") and what was said


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """All sentences with one answer."""

    key: str  # supported, wrong, cannot
    title: str
    count: int
    mark: str  # SVG
    reasons: tuple[SameReason, ...]


def answer_groups(result: StudyResult, words: Words) -> tuple[AnswerGroup, ...]:
    """Wrong ones first, then supported, then those that cannot be assessed; empty without public sentences."""
    groups = []
    for answer in _ORDER if result.public_claims else ():
        found = [c for c in result.public_claims if c.answer is answer]
        by_reason: dict[str, dict[str, list[PublicClaim]]] = {}
        for claim in found:
            by_reason.setdefault(words.of(claim, "reason"), {}).setdefault(claim.claim, []).append(claim)
        key = _KEYS[answer]
        groups.append(
            AnswerGroup(
                key=key,
                title=words(f"answers.{key}"),
                count=len(found),
                mark=_MARKS[answer](f"answer-{key}", words(f"answers.{key}")),
                reasons=tuple(SameReason(reason, _told(said)) for reason, said in by_reason.items()),
            )
        )
    return tuple(groups)


def _told(said: dict[str, list[PublicClaim]]) -> tuple[tuple[str, str], ...]:
    """The same words said twice stand once, with both ids."""
    return tuple((", ".join(c.claim_id for c in claims), sentence) for sentence, claims in said.items())
