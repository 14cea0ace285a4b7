"""One small virtual trial with its courses, drawn once for the tests of the figures."""

from functools import cache

from onearm.physiology.hospital.draw import draw_courses
from onearm.physiology.hospital.world import World
from onearm.physiology.purpose import Efficacy, Purpose

SMALL = World(patients=30, hospitals=2, treat_per_day=0.15, containers=6)
WORKS = World(
    patients=30, hospitals=2, treat_per_day=0.15, containers=6, efficacy=Efficacy(3.0, "a test", "large enough to see")
)


@cache
def trial(world, purpose=Purpose.TEACHING):
    """Records, courses as they went, courses untreated."""
    drawn = draw_courses(world, seed=7, purpose=purpose)
    return drawn.records, drawn.given, drawn.untreated
