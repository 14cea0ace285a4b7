"""The shipped virtual study: 13 treated patients, 150 similar untreated ones, a product that does nothing."""

from datetime import date

from onearm.physiology.multistate import draw_multistate
from onearm.physiology.purpose import Purpose
from onearm.physiology.settings import MultistateSettings
from onearm.physiology.truth import Truth
from onearm.records import Records

#: The day the paper on the 13 real patients appeared; not chosen by what it draws.
SEED = 20200710

#: 163 patients of six virtual hospitals ventilated from 12 March to 22 April 2020. Rate of treating and data lock were
#: set over other seeds (1 to 400): all 13 treated by the lock in 99 %, on average 31 % of them unresolved then, that
#: is neither dead nor out of hospital and infused less than 28 days before.
THIRTEEN = MultistateSettings(
    patients=163,
    rho=0.8,
    wait_days=65.0,
    lag_days=1.0,
    death_ratio=1.0,
    containers=13,
    first_entry=date(2020, 3, 12),
    entry_days=42,
    data_lock=date(2020, 4, 24),
    source_id="VIRTUAL-13",
)


def draw_thirteen() -> tuple[Records, Truth]:
    """Records and truth of the shipped virtual study.

    Exactly 13 are treated because 13 bags were made: they go to the first 13 patients, by calendar, for whom treating
    is decided and who are still ventilated a day later. For whoever comes after them there is no product; they stay
    among the untreated.
    """
    return draw_multistate(THIRTEEN, seed=SEED, purpose=Purpose.TEACHING)
