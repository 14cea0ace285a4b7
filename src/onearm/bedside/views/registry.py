"""All screens of the app."""

from onearm.bedside.screen import Screen
from onearm.bedside.views import audit, doses, home, images, locks, patients, people, product, queries, trace

_ROOMS = (home, patients, doses, product, images, queries, locks, trace, audit, people)
SCREENS: tuple[Screen, ...] = tuple(screen for room in _ROOMS for screen in room.SCREENS)
