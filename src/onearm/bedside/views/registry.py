"""All screens of the app."""

from onearm.bedside.screen import Screen
from onearm.bedside.views import home, patients, product

SCREENS: tuple[Screen, ...] = (*home.SCREENS, *patients.SCREENS, *product.SCREENS)
