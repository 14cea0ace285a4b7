"""Queries: what was asked about which value, what was answered, what is closed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onearm.bedside.screen import Asking, Offer, Screen, offers, offers_of_rows
from onearm.bedside.visible_queries import visible_queries

STATES = ("open", "answered", "closed")


@dataclass(frozen=True, slots=True)
class QueryLine:
    """One query."""

    query_id: str
    state: str
    table: str
    key: str
    column: str | None
    subject_id: str | None
    site_id: str
    question: str
    opened_by: str
    entered_at: datetime
    answer: str | None
    answered_by: str | None
    closed_by: str | None
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Queries:
    """Those that can be seen: open ones first. `counts` by state, of all of them."""

    lines: tuple[QueryLine, ...]
    counts: dict[str, int]
    state: str
    subject: str
    offers: tuple[Offer, ...]


def read_queries(asking: Asking) -> Queries:
    """Queries the person may see, of one state or one patient if the address says so."""
    state, subject = asking.query.get("state", ""), asking.query.get("subject", "").strip().upper()
    seen = [q for q in visible_queries(asking) if not subject or q["subject_id"] == subject]
    chosen = [q for q in seen if not state or q["state"] == state]
    chosen.sort(key=lambda q: (STATES.index(q["state"]), q["entered_at"], q["query_id"]))
    on = offers_of_rows(asking, "query", [q["query_id"] for q in chosen])
    study = tuple(o for o in offers(asking.situation("study", "")) if o.act == "ask-query")
    counts = {name: sum(q["state"] == name for q in seen) for name in STATES}
    return Queries(tuple(_line(q, on[q["query_id"]]) for q in chosen), counts, state, subject, study)


def _line(query: dict[str, Any], on: tuple[Offer, ...]) -> QueryLine:
    return QueryLine(
        query["query_id"],
        query["state"],
        query["table_name"],
        query["record_key"],
        query["column_name"],
        query["subject_id"],
        query["site_id"],
        query["question"],
        query["opened_by"],
        query["entered_at"],
        query["answer"],
        query["answered_by"],
        query["closed_by"],
        on,
    )


SCREENS = (Screen("/queries", "see_queries", "queries.html", Queries, read_queries),)
