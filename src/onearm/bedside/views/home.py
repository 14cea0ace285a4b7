"""The first screen: what waits for me."""

from dataclasses import dataclass

from onearm.bedside.judging import signed_in
from onearm.bedside.navigation import pages_of
from onearm.bedside.screen import Asking, Offer, Screen, offers
from onearm.bedside.waiting import RULES, Waiting, Ward
from onearm.ledger.reading import View
from onearm.product.history import History
from onearm.records import Records


@dataclass(frozen=True, slots=True)
class Home:
    """What waits, most urgent first; what can be begun; the pages one may see."""

    waiting: tuple[Waiting, ...]
    offers: tuple[Offer, ...]
    pages: tuple[str, ...]


def ward_of(asking: Asking) -> Ward:
    """Patients and bags of the sites somebody may see, without measurements of those who got nothing."""
    view, site = asking.view, asking.only_site
    here = {"site_id": site} if site else {}
    subjects = {s["subject_id"] for s in view.rows("subjects", **here)}
    history = History(_product(asking, view, subjects), asking.promise.rulebook, signed_in(view))
    return Ward(asking, view.near(subjects=subjects), history)


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
    found = [one for rule in rules for one in rule(ward)] if ward else []
    found.sort(key=lambda w: (not w.urgent, w.kind, w.key))
    begin = offers(asking.situation("study", ""))
    return Home(tuple(found), begin, pages_of(asking.person.role))


SCREENS = (Screen("/", "first_screen", "home.html", Home, read_home),)
