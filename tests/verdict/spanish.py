"""English words in a Spanish text: what stands in «» is quoted, and names of cohorts stay as they are."""

import re

ENGLISH = re.compile(
    r"\b(and|of|the|to|in|is|are|was|were|not|with|without|for|from|by|on|at|than|that|it|as|or|if|all|had|been|more|"
    r"fewer|less|dead|died|deaths?|patients?|treated|treatment|cells?|outcomes?|known|unknown|unresolved|open|reported|"
    r"missing|nothing|compared?|between|beside|similar cases|trial|randomised|benefit|harm|effect|chance|size|days?|"
    r"start|later|first|second|comparator|cohorts?|located|run|needs|number|length|follow-up|screening|log|eligible|"
    r"centres|lots|markers|doses|improved|includes|still|ventilated|seen|excludes|about|per|reactions?|infusions?|"
    r"given|made|course|changed|cause|record|figure|share)\b",
    re.IGNORECASE,
)


def english_words(text: str) -> list[str]:
    return ENGLISH.findall(re.sub(r"«[^»]*»|\b\w+\d{4}\w*\b", " ", text))
