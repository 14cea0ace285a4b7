"""Images for blinded reading: what waits for this reader, by its drawn name alone; nothing of date, site, treatment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onearm.bedside.acts.images import ENOUGH, differ
from onearm.bedside.screen import Asking, Screen
from onearm.bedside.situation import NotThere


@dataclass(frozen=True, slots=True)
class Reading:
    """What another reader made of the image, shown to whoever decides between two."""

    system: str
    score: int | None
    change: str


@dataclass(frozen=True, slots=True)
class Image:
    """One image as its reader sees it."""

    image_id: str
    modality: str
    is_adjudication: bool
    readings: tuple[Reading, ...]  # of an adjudication
    may_read: bool


@dataclass(frozen=True, slots=True)
class Images:
    """What waits for this reader, adjudications first, and how many were read."""

    waiting: tuple[Image, ...]
    read: int


def read_images(asking: Asking) -> Images:
    """The list of one reader, in the order of names drawn at random."""
    reads = _reads_by_image(asking)
    own = _own_accounts(asking)
    images = [_image(row, reads.get(row["image_id"], []), own) for row in asking.view.rows("images")]
    waiting = sorted((i for i in images if i.may_read), key=lambda i: (not i.is_adjudication, i.image_id))
    read = sum(any(r["reader_id"] in own for r in rows) for rows in reads.values())
    return Images(tuple(waiting), read)


def read_image(asking: Asking) -> Image:
    """One image. Raises NotThere."""
    row = asking.view.row("images", asking.path["image_id"])
    if row is None:
        raise NotThere(asking.path["image_id"])
    reads = asking.view.rows("image_reads", study_uid=row["image_id"])
    return _image(row, reads, _own_accounts(asking))


def _image(row: dict[str, Any], reads: Sequence[dict[str, Any]], own: set[str]) -> Image:
    mine = any(r["reader_id"] in own for r in reads)
    decides = len(reads) == ENOUGH and differ(reads)
    may_read = not mine and (len(reads) < ENOUGH or decides)
    shown = tuple(Reading(r["system"], r["score"], r["change"]) for r in reads) if decides and may_read else ()
    return Image(row["image_id"], row["modality"], decides, shown, may_read)


def _reads_by_image(asking: Asking) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for read in asking.view.rows("image_reads"):
        found.setdefault(read["study_uid"], []).append(read)
    return found


def _own_accounts(asking: Asking) -> set[str]:
    """All accounts of this person."""
    return {a["account_id"] for a in asking.view.rows("accounts", person_id=asking.person.person_id)}


SCREENS = (
    Screen("/images", "see_images", "images.html", Images, read_images),
    Screen("/images/{image_id}", "see_images", "image.html", Image, read_image),
)
