"""When the plan was locked and when outcomes were first read, as the ledger noted it."""

import json
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from onearm.ledger.entry import Action
from onearm.ledger.reading import View
from onearm.ledger.tables import ENTRIES
from onearm.ledger.writing import ANYWHERE

PlanLock = tuple[Action, datetime, Mapping[str, str]]


def plan_locks(view: View) -> tuple[PlanLock, ...]:
    """Locks of the plan and readings of outcomes in order; whatever else was noted is left out."""
    query = sa.select(ENTRIES.c.action, ENTRIES.c.entered_at, ENTRIES.c.values_json).where(
        ENTRIES.c.table_name == ANYWHERE, ENTRIES.c.action.in_((Action.FREEZE.value, Action.EXPORT.value))
    )
    found = []
    for action, entered_at, text in view.connection.execute(query.order_by(ENTRIES.c.seq)):
        values = json.loads(text)
        if values.pop("plan", None) is not None:
            found.append((Action(action), entered_at, values))
    return tuple(found)
