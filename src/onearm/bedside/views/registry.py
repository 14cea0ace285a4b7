"""All screens of the app."""

from onearm.bedside.screen import Screen
from onearm.bedside.views import doses, home, patients, product

SCREENS: tuple[Screen, ...] = (*home.SCREENS, *patients.SCREENS, *doses.SCREENS, *product.SCREENS)
