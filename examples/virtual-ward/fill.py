"""Play the virtual ward again, byte for byte: python examples/virtual-ward/fill.py

Writes ledger.jsonl, images/ and raw/labs_V01.csv. Every row goes through the acts of the app with all their rules;
daily laboratory values come in as files do. Takes about two minutes.
"""

import random
import secrets
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from laboratory import file_to_try, imports
from lots import LOTS, make_lots
from patients import T0, Patient, day
from playing import Clock, Play, Story
from stories import PATIENTS, STORIES, other_people, questions, x_rays

from onearm.bedside.first_people import write_people
from onearm.bedside.serving import CENTRE, SHIPPED, facts_of, promise_of, source_of
from onearm.bedside.verifying import checks_of
from onearm.ledger.archive import ENTRIES_FILE, archive_files
from onearm.ledger.ledger import Ledger
from onearm.ledger.migration import migrate
from onearm.ledger.opening import open_study
from onearm.ledger.store import open_engine, sqlite_url
from onearm.ledger.verification import verify
from onearm.sources.people_file import read_first_people

HERE = Path(__file__).parent
OPENED = day(-52)
SITES = ("V01", "V02", "V03", "V04", "V05", "V06")
IMPORTS = [day(n + 0.02) for n in range(-45, -1, 7)] + [day(-0.95)]


def seed(number: int) -> None:
    """Names of bags and pictures and the salts of entries are drawn: in a play, the same every time."""
    secrets.token_bytes = random.Random(number).randbytes
    secrets.choice = random.Random(number + 1).choice


def proposed_lock(play: Play) -> Story:
    """The last act: a data lock that waits for the statistician."""
    yield T0 - timedelta(minutes=1)
    play.do("COORD", "propose-lock", purpose="interim look of the virtual ward", restricts_editing=False)


def fill(folder: Path) -> Play:
    """The whole play on an empty ledger in `folder`, which holds the files of the study."""
    engine = open_engine(sqlite_url(folder / "ledger.sqlite"))
    migrate(engine)
    promise, clock = promise_of(folder), Clock(OPENED)
    play = Play(promise, Ledger(engine, promise.virtual, clock), clock, folder)
    open_study(play.ledger, facts_of(promise), CENTRE, source_of(promise))
    people = read_first_people(folder / "people.toml", [])
    assert people is not None
    write_people(play.ledger, people, promise.protocol.study.version)
    stories: list[Story] = [make_lots(play, lot) for lot in LOTS]
    stories += [STORIES[p.number](play, p) for p in PATIENTS]
    stories += [imports(play, site, [p for p in PATIENTS if p.site == site], IMPORTS) for site in SITES]
    stories += [other_people(play), x_rays(play), questions(play), proposed_lock(play)]
    play.run(stories, T0)
    return play


def main() -> None:
    """Play, verify, write."""
    seed(20200430)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / HERE.name
        shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("ledger*", "images", "imports", "*.key"))
        play = fill(folder)
        with play.ledger.reading() as view:
            found = verify(view, checks=checks_of(folder))
            assert found.is_sound, "\n".join(fault.sentence for fault in found.faults)
            (HERE / SHIPPED).write_bytes(archive_files(view, {})[ENTRIES_FILE])
        play.ledger.close()
        shutil.rmtree(HERE / "images", ignore_errors=True)
        shutil.copytree(folder / "images", HERE / "images")
    mine = [p for p in PATIENTS if p.site == "V01"]
    (HERE / "raw").mkdir(exist_ok=True)
    (HERE / "raw" / "labs_V01.csv").write_text(file_to_try(mine, T0, _foreign()), encoding="utf-8")
    print(f"{found.entries} entries, {(HERE / SHIPPED).stat().st_size / 1e6:.2f} MB, sound.")


def _foreign() -> Patient:
    return next(p for p in PATIENTS if p.site == "V02" and p.sampled_until is None and p.subject_id)


if __name__ == "__main__":
    main()
