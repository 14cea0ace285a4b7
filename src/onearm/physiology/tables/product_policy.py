"""What is done with the product in the mechanistic virtual hospitals, beside giving it: lots that fail, transport."""

from dataclasses import dataclass

MOST_DOSES = 3


@dataclass(frozen=True, slots=True)
class ProductPolicy:
    """Settings of making, carrying and giving, all assumed. Raises ValueError with all that does not fit."""

    dose_shares: tuple[float, ...] = (1.0,)  # of the treated, for whom one, two, three doses are planned
    dose_gap_days: float = 3.0  # between two, give or take half a day
    lots_rejected: int = 1  # made beside the others, out of specification, never given
    transport: bool = True  # every bag is sent to the hospital for its dose; False: it lies there
    excursions: float = 0.03  # share of the transports that were too warm for a while, cleared by the qualified person
    interrupted: float = 0.03  # share of the infusions with a pause
    reactions: float = 0.01  # per infusion, whatever the cells do
    icu_events_per_day: float = 0.02  # of the treated, while ventilated; unrelated

    def __post_init__(self) -> None:
        shares = (self.excursions, self.interrupted, self.reactions)
        wrong = {
            f"dose_shares must be 1 to {MOST_DOSES} shares, none negative, that add to 1": not _are_shares(
                self.dose_shares
            ),
            "dose_gap_days must be 1 or more": self.dose_gap_days < 1,
            "lots_rejected must lie in 0..9": not 0 <= self.lots_rejected <= 9,
            "excursions, interrupted and reactions must lie in 0..1": min(shares) < 0 or max(shares) > 1,
            "icu_events_per_day must lie in 0..1": not 0 <= self.icu_events_per_day <= 1,
        }
        found = [what for what, holds in wrong.items() if holds]
        if found:
            raise ValueError(f"{'; '.join(found)}: {self}")

    @classmethod
    def plain(cls) -> "ProductPolicy":
        """Nothing of it happens: one dose from the hospital's own tank."""
        return cls(lots_rejected=0, transport=False, excursions=0, interrupted=0, reactions=0, icu_events_per_day=0)


def _are_shares(shares: tuple[float, ...]) -> bool:
    return 1 <= len(shares) <= MOST_DOSES and min(shares) >= 0 and abs(sum(shares) - 1) < 1e-9
