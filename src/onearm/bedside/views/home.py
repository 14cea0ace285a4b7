"""The first screen: what waits for me."""

from dataclasses import dataclass
from datetime import UTC, datetime

from onearm.bedside.judging import signed_in
from onearm.bedside.navigation import pages_of
from onearm.bedside.overview import overview
from onearm.bedside.screen import Asking, Offer, Screen, offers
from onearm.bedside.waiting import RULES, Waiting, Ward, suggested
from onearm.ledger.reading import View
from onearm.product.container_state import state_after
from onearm.product.history import History
from onearm.product.suggested_reactions import MARKERS_READ
from onearm.records import Records

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Home:
    """What waits: urgent first, by the rules of the role, the soonest end first; what can be begun; pages to see."""

    waiting: tuple[Waiting, ...]
    offers: tuple[Offer, ...]
    pages: tuple[str, ...]


def ward_of(asking: Asking) -> Ward:
    """Patients and bags of the sites somebody may see, as far as the rules of the role read them."""
    view, site = asking.view, asking.only_site
    here = {"site_id": site} if site else {}
    subjects = {s["subject_id"] for s in view.rows("subjects", **here)}
    history = History(_product(asking, view, subjects), asking.promise.rulebook, signed_in(view))
    bags = tuple(state_after(name, history.lives.get(name, ())) for name in history.containers)
    markers = MARKERS_READ if suggested in RULES[asking.person.role] else ()
    return Ward(asking, overview(view, subjects, markers), history, bags)


def _product(asking: Asking, view: View, subjects: set[str]) -> Records:
    site = asking.only_site
    if site is None or asking.person.role in ("PT", "QC"):
        lots = view.rows("lots", **({"site_id": site} if site else {}))
        return view.near(lots=[lot["lot_id"] for lot in lots])
    touched = {e["container_id"] for e in view.rows("custody", site_id=site)}
    touched |= {e["container_id"] for e in view.rows("custody", subject_id=subjects)}
    touched |= {e["container_id"] for e in view.rows("custody", event="shipped", to_place=site)}
    return view.near(containers=touched)


def read_home(asking: Asking) -> Home:
    """What waits for this role here."""
    rules = RULES[asking.person.role]
    ward = ward_of(asking) if rules else None
    found = [(place, one) for place, rule in enumerate(rules) for one in rule(ward)] if ward else []
    found.sort(key=lambda f: (not f[1].urgent, f[0], f[1].clock_ends_at or f[1].since or _NEVER, f[1].key))
    begin = offers(asking.situation("study", ""))
    return Home(tuple(one for _, one in found), begin, pages_of(asking.person.role))


SCREENS = (Screen("/", "first_screen", "home.html", Home, read_home),)
