"""Check characters of labels: which errors of a hand they catch, and container ids that leave none open.

Container ids end in the character of ISO 7064 MOD 37,36 (it is part of the id, `onearm.vocabulary.identifiers`). That
system catches every wrong character, but not every swap of two neighbours: 36 of its 22,680 pairs of a state and two
characters pass. `new_container_id` draws ids in which no such pair stands.

Subject and order ids are given (`S01-004`) and hold hyphens; 2.4 % of `SNN-NNN` would have an open swap. On labels they
carry the character of ISO 7064 MOD 37-2, which catches every wrong character and every swap. Of its 37 symbols the
standard leaves the last (`*`) to the check alone; in the id the hyphen takes its value, so a hyphen that moved is seen
as well. The kind of the label goes in front of the id: `S01-004` of a wristband is not `S01-004` of an order.
"""

import secrets
from collections.abc import Iterator

from onearm.vocabulary.identifiers import has_check_character, with_check_character

_MOD_37_2 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_EASY_TO_READ = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 and O, no 1 and I
_DRAWN = 9


def label_check(text: str) -> str:
    """The check character of ISO 7064 MOD 37-2, a hyphen counting as 36: `G123489654321` gives `Y`.

    Raises ValueError when `text` is empty or holds anything but 0-9, A-Z and hyphens.
    """
    if not text or "*" in text:
        raise ValueError(f"{text!r}: only 0-9, A-Z and hyphens carry a label's check character.")
    p = 0
    for c in text.replace("-", "*"):
        p = (p + _MOD_37_2.index(c)) * 2 % 37
    return _MOD_37_2[(1 - p) % 37]


def neighbours_swapped(text: str) -> Iterator[str]:
    """Every text that a swap of two different neighbours makes of this one."""
    for i in range(len(text) - 1):
        if text[i] != text[i + 1]:
            yield text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def catches_every_swap(container_id: str) -> bool:
    """Whether no swap of two neighbours, its check character included, leaves the id right."""
    return not any(map(has_check_character, neighbours_swapped(container_id)))


def new_container_id() -> str:
    """A random container id, C and 10 more characters, in which every wrong character and every swap is caught."""
    while True:
        drawn = "C" + "".join(secrets.choice(_EASY_TO_READ) for _ in range(_DRAWN))
        container_id = with_check_character(drawn)
        if catches_every_swap(container_id):
            return container_id
