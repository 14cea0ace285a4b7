"""Daily courses of ventilated patients, as the laboratory of a Spanish hospital exports them.

Medians and slopes are those of `onearm.physiology`; nothing here knows who was treated.
"""

import hashlib
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from patients import Patient
from playing import Play, Story

from onearm.bedside.course_file import CourseFile, stage, store
from onearm.physiology.tables.marker_tables import LEVELS

MADRID = ZoneInfo("Europe/Madrid")
HEADER = "PSEUDO;FECHA;HORA;PRUEBA;RESULTADO;UNIDAD;MUESTRA;ANULADO"
_STAYS = 0.7  # share of yesterday's noise that is still there today
#: marker -> name, unit and sample of the laboratory; its factor from the level; digits after the comma
_TESTS = {
    "crp": ("PCR", "mg/dL", "suero", 0.1, 1),
    "ferritin": ("Ferritina", "ng/mL", "suero", 1, 0),
    "d_dimer_feu": ("Dimero D (FEU)", "ng/mL", "plasma", 1, 0),
    "ldh": ("LDH", "U/L", "suero", 1, 0),
    "lymphocytes": ("Linfocitos", "10^3/uL", "venosa", 1, 2),
    "platelets": ("Plaquetas", "10^3/uL", "venosa", 1, 0),
    "creatinine": ("Creatinina", "mg/dL", "suero", 1, 2),
    "bilirubin": ("Bilirrubina", "mg/dL", "suero", 1, 1),
}
#: median, by severity, by day, noise: of what physiology does not draw; mg/dL
_MORE = {
    "platelets": (230, -0.08, 0.01, 0.15),
    "creatinine": (0.9, 0.22, 0.0, 0.12),
    "bilirubin": (0.7, 0.10, 0.0, 0.20),
}
_GASES = (12, 3)  # daily so many days, then every third


def day_rows(patient: Patient, day: int) -> Iterator[str]:
    """Lines of one patient and one day of ventilation; day 0 is the hour after it began, the others are mornings."""
    local = patient.start.astimezone(MADRID)
    if day == 0:
        at = local + timedelta(hours=1)
    else:
        morning = (local + timedelta(days=day)).replace(hour=6, minute=0, second=0)
        at = morning + timedelta(minutes=random.Random(f"{patient.number} minute {day}").randrange(0, 90, 5))
    if patient.sampled_until is not None and at >= patient.sampled_until:
        return
    stem = f"{patient.subject_id};{at:%d/%m/%Y;%H:%M}"
    daily, last = _GASES
    if patient.daily or day <= daily or day % last == 0:
        yield from (f"{stem};{line};N" for line in _gases(patient, day))
    if patient.daily or day in (0, 7, 14):
        yield from (f"{stem};{line};N" for line in _chemistry(patient, day))


def _gases(patient: Patient, day: int) -> Iterator[str]:
    ratio = min(max(_level(patient, "pf_ratio", day) * math.exp(patient.trend * day), 55), 420)
    fio2 = min(max(round(20 * 75 / ratio) / 20, 0.3), 1.0)  # set in steps of 5 %
    yield f"PaO2;{_comma(ratio * fio2, 0)};mmHg;arterial"
    yield f"FiO2;{_comma(100 * fio2, 0)};%;ninguna"
    if patient.daily:
        peep = 11 + 1.5 * patient.severity - 0.2 * day + 1.2 * _noise(patient, "peep", day)
        yield f"PEEP;{_comma(min(max(peep, 5), 16), 0)};cmH2O;ninguna"


def _chemistry(patient: Patient, day: int) -> Iterator[str]:
    for marker, (name, unit, sample, factor, places) in _TESTS.items():
        if patient.daily or marker in ("crp", "d_dimer_feu", "lymphocytes"):
            yield f"{name};{_comma(_level(patient, marker, day) * factor, places)};{unit};{sample}"


def _level(patient: Patient, marker: str, day: int) -> float:
    if marker in _MORE:
        median, severity, per_day, noise = _MORE[marker]
    else:
        found = LEVELS[marker]
        median, severity, per_day, noise = found.median, found.severity, found.per_day, found.noise / 2
    return median * math.exp(severity * patient.severity + per_day * day + noise * _noise(patient, marker, day))


def _noise(patient: Patient, marker: str, day: int) -> float:
    """A walk that leans back to 0, SD 1."""
    drawn = random.Random(f"{patient.number} {marker}")
    now = drawn.gauss(0, 1)
    for _ in range(day):
        now = _STAYS * now + math.sqrt(1 - _STAYS**2) * drawn.gauss(0, 1)
    return now


def _comma(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace(".", ",")


def imports(play: Play, site: str, patients: list[Patient], times: list[datetime]) -> Story:
    """The site takes in what its laboratory sent since the time before."""
    days: dict[int, int] = {}
    for at in times:
        yield at
        lines = []
        for patient in (p for p in patients if p.subject_id):
            last = (at.astimezone(MADRID).date() - patient.start.astimezone(MADRID).date()).days
            for day in range(days.get(patient.number, 0), last + 1):
                lines += day_rows(patient, day)
            days[patient.number] = last + 1
        if lines:
            _take_in(play, site, at, lines)


def _take_in(play: Play, site: str, at: datetime, lines: list[str]) -> None:
    path = play.place / f"labs_{site}_{at:%Y-%m-%d}.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    mapping = _mapping(play, site)
    person = play.person(f"{site}-NURSE1")
    file = CourseFile(path, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), mapping)
    with play.ledger.reading() as view:
        staged = stage(play.promise, view, file, site)
    assert not staged.refusals, staged.refusals
    with play.ledger.writing(person.actor) as act:
        store(act, staged, person)
    play.clock.now += timedelta(minutes=2)


def _mapping(play: Play, site: str) -> Path:
    """The mapping of V01, which the others have as well under their own name."""
    shipped = play.promise.folder / "mappings" / "labs.toml"
    if site == "V01":
        return shipped
    own = play.place / f"labs_{site}.toml"
    own.write_text(shipped.read_text(encoding="utf-8").replace("V01", site), encoding="utf-8")
    return own


def file_to_try(patients: list[Patient], day: datetime, other: Patient) -> str:
    """This morning's export of a site, with what an import must cope with: `<`, an unknown unit, a foreign patient."""
    today = day.astimezone(MADRID).date()
    lines = [HEADER]
    for patient in patients:
        if patient.sampled_until is None and patient.subject_id:
            lines += day_rows(patient, (today - patient.start.astimezone(MADRID).date()).days)
    first = lines[1].split(";")
    stem, when = ";".join(first[:3]), f"{today:%d/%m/%Y};06:30"
    lines += [
        f"{stem};IL-6;<1,5;pg/mL;suero;N",
        f"{stem};LDH;389;UI/mL;suero;N",
        f"{stem};PCR;11,2;mg/dL;suero;S",
        f"{other.subject_id};{when};PCR;14,1;mg/dL;suero;N",
    ]
    return "\n".join(lines) + "\n"
