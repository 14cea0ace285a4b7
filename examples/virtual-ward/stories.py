"""The patients of the virtual ward with their stories, and what else happens: people, pictures, questions."""

import io
from collections.abc import Callable
from datetime import timedelta

from patients import (
    HOUR,
    MINUTE,
    T0,
    Patient,
    arrive,
    bags_for,
    came_in,
    day,
    dies,
    event,
    order,
    outcomes,
    patient,
    review,
    screen,
    thaw,
    treated,
    untreated,
)
from playing import Play, Story

from onearm.bedside.pictures import keep, new_image_id, only_pixels

PATIENTS: list[Patient] = []
STORIES: dict[int, Callable[[Play, Patient], Story]] = {}


def lies(site: str, start: float, **told: object) -> Callable[[Callable[[Play, Patient], Story]], None]:
    """A patient of a site, ventilated from a day on, and the story."""

    def keep_it(story: Callable[[Play, Patient], Story]) -> None:
        p = patient(len(PATIENTS) + 1, site, start, **told)
        PATIENTS.append(p)
        STORIES[p.number] = story

    return keep_it


def control(site: str, start: float, decided: float, reason: str, trend: float = 0.0, **at: float) -> None:
    """A concurrent control with outcomes."""

    def story(play: Play, p: Patient) -> Story:
        yield from untreated(play, p, decided, reason)
        yield from outcomes(play, p, **at)

    lies(site, start, trend=trend)(story)


def on_the_way(site: str, start: float, infusion: float, **told: object) -> None:
    """Treated as far as T0 lets it come: an infusion in the future leaves the bag or the order where it is."""

    def story(play: Play, p: Patient) -> Story:
        yield from treated(play, p, infusion, lot="VL-002", assessed=False)

    lies(site, start, **told)(story)


# treated, day 28 known or overdue ------------------------------------------------------------------------------------


@lies("V01", -41.2, trend=0.05, daily=True)
def _home_and_endorsed(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -34.1, lot="VL-001")
    at = {"extubated": -25.3, "left_icu": -23.1, "left_hospital_alive": -15.2, "seen_alive": -5.1}
    yield from outcomes(play, p, **at)
    done = {"planned_day": 28, "status": "done", "occurred_at": day(-5.1)}
    play.do(p.nurse, "keep-visit", p.subject_id, **done)
    yield day(-4.9)
    play.do("V01-DOC", "endorse", p.subject_id, milestone="day_28")


@lies("V02", -40.4, trend=0.04)
def _two_doses(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -33.2, -30.1, lot="VL-001")
    yield from outcomes(play, p, extubated=-21.5, left_icu=-19.2, left_hospital_alive=-11.6, seen_alive=-4.2)


@lies("V01", -38.3, trend=-0.03, severity=1.1)
def _dies_early(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -31.4, lot="VL-001")
    yield from dies(play, p, -25.2)


@lies("V03", -37.6, trend=0.04)
def _transferred_and_overdue(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -31.2, lot="VL-001")
    yield from outcomes(play, p, extubated=-20.1, left_icu=-17.5, transferred=-14.2)


@lies("V01", -36.4, trend=0.05)
def _home_and_overdue(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -30.3, lot="VL-001")
    yield from outcomes(play, p, extubated=-20.2, left_icu=-18.1, left_hospital_alive=-11.3)


@lies("V02", -36.1, severity=0.4)
def _bag_of_the_recalled_lot(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -30.2, lot="VL-004")
    yield day(-20.3)
    play.do(p.nurse, "begin-episode", p.subject_id, kind="tracheostomy", started_at=play.minute)
    yield day(-1.9)
    play.do(p.nurse, "keep-visit", p.subject_id, planned_day=28, status="done", occurred_at=play.minute)


@lies("V03", -24.5, trend=-0.02, severity=0.9)
def _dies_late(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -19.3, lot="VL-001")
    yield from dies(play, p, -7.4)


# treated, day 28 to come ---------------------------------------------------------------------------------------------


@lies("V02", -20.3, trend=0.05)
def _extubated(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -15.1, lot="VL-002")
    yield from outcomes(play, p, extubated=-5.3, left_icu=-3.2)


@lies("V01", -18.2, weight=104, height=181)
def _two_bags_and_an_event(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -12.2, lot="VL-002", bags=2)
    told = {"term": "catheter infection", "grade": 2, "serious": False, "outcome": "resolved"}
    name = yield from event(play, p, -9.4, -9.2, **told, narrative="Central line changed, cefazolin for five days.")
    yield from review(play, name, -8.8)


@lies("V03", -15.6, trend=0.04)
def _extubated_at_v03(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -10.2, lot="VL-002")
    yield from outcomes(play, p, extubated=-2.1)


@lies("V02", -10.4, severity=0.6, daily=True)
def _event_to_review(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -6.2, lot="VL-002")
    told = {"term": "pneumothorax", "grade": 3, "serious": True, "criteria": ["life_threatening"]}
    told |= {"outcome": "resolving", "narrative": "Left side, drained within the hour; PEEP had been 16 cmH2O."}
    yield from event(play, p, -0.4, -0.25, **told)


@lies("V01", -7.3, daily=True, trend=0.03)
def _day_three(play: Play, p: Patient) -> Story:
    infusion = yield from treated(play, p, -3.1, lot="VL-002")
    assert infusion
    for number in (1, 2):
        yield day(-3.1 + number)
        play.do(p.nurse, "keep-visit", p.subject_id, planned_day=number, status="done", occurred_at=play.minute)


@lies("V01", -5.2, severity=0.5)
def _suggested_reaction(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -1.1, lot="VL-002", assessed=False)
    yield day(-1.1) + 100 * MINUTE
    told = {"kind": "noradrenaline", "agent": "noradrenaline", "dose": "14", "dose_unit": "ug/min"}
    play.do(p.nurse, "begin-episode", p.subject_id, started_at=play.minute, **told)


@lies("V01", -4.1)
def _waits_for_its_assessment(play: Play, p: Patient) -> Story:
    at = day(-0.21)
    infusion = yield from treated(play, p, -0.21, lot="VL-002", assessed=False)
    for minutes in (30, 60, 120, 240):
        yield at + minutes * MINUTE
        drawn = p.draw(f"vital {minutes}")
        for marker, value, unit in (
            ("mean_arterial_pressure", round(drawn.gauss(76, 4)), "mmHg"),
            ("heart_rate", round(drawn.gauss(88, 6)), "1/min"),
        ):
            told = {"marker": marker, "value": value, "raw_unit": unit, "collected_at": play.minute, "quality": "ok"}
            play.do(p.nurse, "measure", p.subject_id, infusion_id=infusion, comparator="=", specimen="none", **told)


@lies("V03", -6.3)
def _assessment_is_late(play: Play, p: Patient) -> Story:
    yield from treated(play, p, -0.43, lot="VL-002", assessed=False)


# on the way today: the hour of the infusion says how far each has come -----------------------------------------------

_H = 1 / 24
on_the_way("V01", -3.2, -11 * _H / 60)  # infusion runs


@lies("V01", -3.6)
def _issued(play: Play, p: Patient) -> Story:
    at = T0 + 16 * MINUTE
    yield from came_in(play, p)
    _, bags = yield from bags_for(play, p, at, "VL-002")
    yield from thaw(play, p, at, bags)


@lies("V01", -2.9)
def _thawed(play: Play, p: Patient) -> Story:
    at = T0 + 6 * MINUTE
    yield from came_in(play, p)
    _, bags = yield from bags_for(play, p, at, "VL-002")
    yield from thaw(play, p, at, bags, issued=timedelta(0))


@lies("V02", -3.3)
def _thawing(play: Play, p: Patient) -> Story:
    at = T0 + 68 * MINUTE
    yield from came_in(play, p)
    _, bags = yield from bags_for(play, p, at, "VL-002")
    yield from thaw(play, p, at, bags)


on_the_way("V02", -2.4, 2 * _H)  # bag received
on_the_way("V04", -2.2, 20 * _H)  # bag in transit
on_the_way("V01", -2.5, 27 * _H)  # bag allocated
on_the_way("V02", -1.9, 27.8 * _H)  # order verified
on_the_way("V01", -2.1, 28.7 * _H)  # ordered
on_the_way("V05", -2.6, 28.5 * _H)  # ordered


@lies("V01", -1.6)
def _decided(play: Play, p: Patient) -> Story:
    yield from came_in(play, p)
    yield T0 - HOUR
    play.do(p.doc, "decide-treatment", p.subject_id, decision="treat", decided_at=play.minute, product_available=True)


@lies("V02", -3.9)
def _held_bag(play: Play, p: Patient) -> Story:
    yield from came_in(play, p)
    yield from bags_for(play, p, T0 + 2.5 * HOUR, "VL-002", warm=True)


# approved, not infused -----------------------------------------------------------------------------------------------


@lies("V03", -14.2, trend=-0.03, severity=1.2)
def _died_before_the_infusion(play: Play, p: Patient) -> Story:
    at = day(-8.2)
    yield from came_in(play, p)
    name = yield from order(play, p, at)
    yield at - 28 * HOUR
    play.do(p.pharmacist, "verify-order", name)
    bag = play.stock["VL-002"].pop()
    play.do(p.pharmacist, "allocate-bag", name, container_id=bag)
    yield from outcomes(play, p, died=-8.9)
    yield day(-8.8)
    play.do(p.doc, "cancel-order", name, cancelled_at=play.minute, cancel_reason="died")
    play.do(p.pharmacist, "deallocate-bag", name, container_id=bag, remark="patient died")
    play.stock["VL-002"].append(bag)


@lies("V04", -19.5, trend=0.06)
def _extubated_before_the_infusion(play: Play, p: Patient) -> Story:
    yield from came_in(play, p)
    name = yield from order(play, p, day(-14.5))
    yield from outcomes(play, p, extubated=-15.2)
    yield day(-15.1)
    play.do(p.doc, "cancel-order", name, cancelled_at=play.minute, cancel_reason="extubated")
    yield from outcomes(play, p, left_hospital_alive=-6.1)


# not decided yet -----------------------------------------------------------------------------------------------------


@lies("V01", -0.13)
def _just_arrived(play: Play, p: Patient) -> Story:
    yield from arrive(play, p)


@lies("V06", -1.3)
def _undecided(play: Play, p: Patient) -> Story:
    yield from arrive(play, p)


@lies("V03", -0.8)
def _screened(play: Play, p: Patient) -> Story:
    yield from arrive(play, p)
    yield from screen(play, p)


@lies("V01", -0.9)
def _consented(play: Play, p: Patient) -> Story:
    yield from came_in(play, p)


@lies("V05", -1.7)
def _deferred(play: Play, p: Patient) -> Story:
    yield from untreated(play, p, -0.5, "later")


# concurrent controls -------------------------------------------------------------------------------------------------

control("V01", -42.2, -36, "no_product", -0.03, died=-31.3)
control("V02", -41.1, -36, "no_product", 0.05, extubated=-30.4, left_hospital_alive=-20.2, seen_alive=-12.1)
control("V04", -40.3, -35, "no_product", 0.04, extubated=-31.2, left_hospital_alive=-22.3, seen_alive=-9.2)
control("V05", -39.2, -34, "no_product", -0.02, died=-28.4)
control("V06", -38.4, -33, "no_product", 0.02, extubated=-12.3, left_icu=-9.2, seen_alive=-2.3)
control("V03", -36.2, -33, "no_consent", 0.05, extubated=-26.1, left_hospital_alive=-17.2, seen_alive=-5.2)
control("V04", -30.3, -26, "clinician", -0.03, died=-22.3)
control("V06", -27.2, -24, "no_consent", 0.05, extubated=-17.4, left_hospital_alive=-9.2)
control("V02", -25.3, -24, "not_eligible")
control("V05", -21.2, -19, "improving", 0.08, extubated=-17.8, left_hospital_alive=-10.3)
control("V01", -17.4, -15, "other_trial", 0.05, extubated=-6.2)
control("V04", -12.3, -11, "moribund", -0.06, died=-10.4)
control("V06", -10.2, -8, "no_consent")
control("V03", -9.3, -7, "clinician", 0.01)


# beside the patients -------------------------------------------------------------------------------------------------


def other_people(play: Play) -> Story:
    """A nurse who came later and left."""
    yield day(-45)
    name, today = "V02-NURSE3", day(-45).date().isoformat()
    told = {"title": "Nurse Third-Virtual of hospital two", "language": "en", "site_id": "V02"}
    play.do("ADMIN", "open-account", account_id=name, person_id=name, **told)
    told = {"role": "NU", "at_site": "V02", "valid_from": today, "qualification": "intensive care nurse"}
    training = {"product_code": "AT-MSC", "trained_on": today}
    held = play.do("COORD", "delegate", name, **told, **training)["delegations"]
    yield day(-9)
    play.do("COORD", "end-delegation", held, valid_to=day(-9).date().isoformat())
    play.do("ADMIN", "close-account", name, reason="left the hospital")
    yield day(-8)
    bag = play.stock["VL-004"].pop()  # sent for stock to V03, two days before the lot is recalled
    play.do("VPU-TECH2", "pack-bag", bag, occurred_at=play.minute, from_place="tank 2")
    play.do("VPU-TECH2", "ship-bag", bag, occurred_at=play.minute, to_place="V03")
    yield day(-7.2)
    logger = {"min_c": "-180", "max_c": "-151", "seal": "intact", "look": "good", "to_place": "pharmacy freezer"}
    play.do("V03-PHARM", "receive-bag", bag, occurred_at=play.minute, **logger)


def x_rays(play: Play) -> Story:
    """Drawn pictures of chests: one read by three, one by two who differ, one by one, one by nobody."""
    reads = (("better", "same", "better"), ("better", "worse"), ("same",), ())
    for at, readers in zip((-24.1, -14.1, -9.1, -1.9), reads, strict=True):
        yield day(at)
        there = [p for p in PATIENTS if p.subject_id and p.site in ("V01", "V02") and p.sampled_until is None]
        image = _send(play, there[-1])
        yield day(at) + 5 * HOUR
        for n, change in enumerate(readers, 1):
            score = 22 + 3 * n
            play.do(f"READER{n}", "read-image", image, system="rale", score=score, change=change)


def _send(play: Play, p: Patient) -> str:
    """As the page for pictures does it."""
    png, image = only_pixels(_chest(play, p)), new_image_id()
    row = {"site_id": p.site, "subject_id": p.subject_id, "sent_by": p.nurse, "modality": "chest_xray"}
    row |= {"image_id": image, "media_type": "image/png", "taken_at": play.minute - 30 * MINUTE}
    row["file_sha256"] = keep(play.promise.folder, image, png)
    with play.ledger.writing(play.person(p.nurse).actor) as act:
        act.add("images", row, occurred_at=row["taken_at"])
    return image


def _chest(play: Play, p: Patient) -> bytes:
    """Two lungs with clouds, so drawn that nobody takes them for a patient's."""
    from PIL import Image, ImageDraw, ImageFilter

    size, drawn = 220, p.draw(f"x-ray {play.minute}")
    image = Image.new("L", (size, size), 150)
    draw = ImageDraw.Draw(image)
    for left in (25, 120):
        draw.ellipse((left, 30, left + 75, 200), fill=45)
        for _ in range(6):
            x, y, r = drawn.uniform(left, left + 70), drawn.uniform(60, 190), drawn.uniform(6, 22)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=drawn.randrange(90, 170))
    image = image.filter(ImageFilter.GaussianBlur(5)).quantize(32).convert("L")
    ImageDraw.Draw(image).text((70, 5), "VIRTUAL, drawn", fill=255)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def questions(play: Play) -> Story:
    """One query closed, one answered, three open."""
    home, two_bags, pneumothorax, daily = (PATIENTS[n] for n in (0, 8, 10, 11))
    yield day(-20)
    weight = f"{home.subject_id}-W1"
    closed = _ask(play, "weights", weight, "weight_kg", "Chart and form differ by 4 kg. Which is right?")
    yield day(-19)
    play.do("V01-NURSE2", "answer-query", closed, answer="The form: bed scale of that morning.")
    yield day(-18)
    play.do("MONITOR", "close-query", closed, reason="source checked")
    yield day(-3)
    told = "Both bags ran without a pause?"
    answered = _ask(play, "infusions", f"{two_bags.subject_id}-I1", "interruptions", told)
    yield day(-2)
    play.do("V01-NURSE2", "answer-query", answered, answer="Yes, one after the other.")
    yield day(-1)
    _ask(play, "subjects", daily.subject_id, "symptoms_at", "Is the first day of symptoms known to the hour?")
    _ask(play, "lots", "VL-003", "passage", "Please confirm passage 4.")
    yield day(-0.1)
    _ask(play, "adverse_events", f"{pneumothorax.subject_id}-A1", "relation", "Why unlikely, not none?")


def _ask(play: Play, table: str, key: str, column: str, question: str) -> str:
    told = {"table_name": table, "record_key": key, "column_name": column, "question": question}
    return play.do("MONITOR", "ask-query", **told)["queries"]
