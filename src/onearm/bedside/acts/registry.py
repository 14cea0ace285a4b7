"""All acts of the app by id: what has a form, a review, a JSON twin, a paper form and a line in the role table."""

from collections.abc import Mapping
from types import MappingProxyType

from onearm.bedside.act import Act
from onearm.bedside.acts import (
    bags,
    bedside_check,
    corrections,
    course,
    data_lock,
    events,
    images,
    infusions,
    lots,
    orders,
    people,
    product_set_up,
    queries,
    redaction,
    release,
    screening,
)

_ROOMS = (
    product_set_up,
    people,
    lots,
    release,
    screening,
    orders,
    bags,
    bedside_check,
    infusions,
    events,
    course,
    images,
    queries,
    data_lock,
    redaction,
    corrections,
)
ACTS: Mapping[str, Act] = MappingProxyType({act.id: act for room in _ROOMS for act in room.ACTS})
