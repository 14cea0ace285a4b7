"""What others wrote between judging an act and writing it: whether the case could see it."""

import json
from collections.abc import Iterable

from onearm.ledger.entry import Entry
from onearm.ledger.reading import Head, View
from onearm.records import Records

#: tables in which the rows of one patient are no other patient's concern
COURSE = frozenset(
    {
        "adverse_events",
        "consents",
        "eligibility_checks",
        "episodes",
        "image_reads",
        "measurements",
        "outcomes",
        "treatment_decisions",
        "visits",
        "weights",
    }
)
_MANY = 200  # entries after which reading them costs as much as judging anew


def concerns(view: View, seen: Head, around: Iterable[Records | None]) -> bool:
    """Whether anything was written after `seen` but the course of patients who are in none of the records `around`.

    Bags, orders, people and what cannot be read concern everybody; so does everything where no patient is around.
    """
    head = view.head()
    if head == seen:
        return False
    subjects = {name for records in around if records is not None for name in records["subjects"]["subject_id"]}
    if not subjects or head.seq - seen.seq > _MANY:
        return True
    return any(_touches(entry, subjects) for entry in view.entries(after=seen.seq))


def _touches(entry: Entry, subjects: set[str]) -> bool:
    told = json.loads(entry.values_json or "null")
    if told is None:  # withdrawn or erased
        return True
    if entry.table_name == "signatures":
        return told["table_name"] not in COURSE
    return entry.table_name not in COURSE or told["subject_id"] in subjects
