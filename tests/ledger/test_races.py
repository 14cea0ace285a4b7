"""Eight writers at once: exactly one wins each round, the others are told what stands, and seq has no gap."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

from racing import bag, edit_one_field, gaps, lost_silently, prepare, take_the_last_bag
from small_study import NURSE, weight

from onearm.ledger.ledger import Ledger
from onearm.ledger.problems import Conflict
from onearm.ledger.verification import verify

WRITERS, ROUNDS = 8, 5


def race(database_url, clock, act):
    """`act(ledger, writer)` by all writers at once, each with connections of its own."""
    start = threading.Barrier(WRITERS)

    def one(writer):
        ledger = Ledger.at(database_url, clock=clock)
        try:
            start.wait()
            return act(ledger, writer)
        finally:
            ledger.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(one, range(WRITERS)))


def test_of_writers_who_correct_one_field_one_wins_and_the_others_see_its_value(ledger, database_url, clock):
    prepare(ledger, 0)
    for n in range(ROUNDS):
        kilograms = [f"{60 + n}.{writer + 1}" for writer in range(WRITERS)]
        outcomes = race(database_url, clock, lambda one, w, n=n, kg=kilograms: edit_one_field(one, w, n + 1, kg[w]))
        assert sum(o.won for o in outcomes) == 1 and lost_silently(outcomes) == 0
        with ledger.reading() as view:
            (winner,) = (o.wrote for o in outcomes if o.won)
            assert view.row("weights", "W1")["weight_kg"] == Decimal(winner)
    assert gaps(ledger) == 0
    with ledger.reading() as view:
        assert len(view.history("weights", "W1")) == 1 + ROUNDS and verify(view).is_sound


def test_of_writers_who_take_the_last_bag_one_gets_it_and_the_others_see_whose_it_is(ledger, database_url, clock):
    prepare(ledger, ROUNDS)
    for n in range(ROUNDS):
        outcomes = race(database_url, clock, lambda one, w, n=n: take_the_last_bag(one, w, bag(n)))
        assert sum(o.won for o in outcomes) == 1 and lost_silently(outcomes) == 0
    assert gaps(ledger) == 0
    with ledger.reading() as view:
        taken = [row["container_id"] for row in view.rows("custody", event="allocated")]
        assert sorted(taken) == sorted(bag(n) for n in range(ROUNDS)) and verify(view).is_sound


def test_writers_of_different_rows_all_win_and_share_one_chain(ledger, database_url, clock):
    prepare(ledger, 0)

    def add(one, writer):
        for k in range(ROUNDS):
            with one.writing(NURSE) as act:
                act.add("weights", weight(f"W{writer}-{k}"))
        return writer

    assert race(database_url, clock, add) == list(range(WRITERS))
    with ledger.reading() as view:
        assert len(view.rows("weights")) == 1 + WRITERS * ROUNDS and verify(view).is_sound
    assert gaps(ledger) == 0


def test_of_writers_who_make_one_new_row_one_makes_it(ledger, database_url, clock):
    prepare(ledger, 0)

    def add(one, writer):
        try:
            with one.writing(NURSE) as act:
                act.add("weights", weight("NEW", 1, f"70.{writer + 1}"))
        except Conflict as conflict:
            return conflict.stands["weight_kg"]
        return None

    told = race(database_url, clock, add)
    with ledger.reading() as view:
        made = view.row("weights", "NEW")["weight_kg"]
    assert told.count(None) == 1 and set(told) == {None, made}


def test_who_reads_while_others_write_sees_one_moment(ledger, database_url, clock):
    prepare(ledger, 0)
    with ledger.reading() as view:
        before = view.head()
        race(database_url, clock, lambda one, w: edit_one_field(one, w, 1, f"60.{w + 1}"))
        assert view.head() == before and view.row("weights", "W1")["version"] == 1


def test_an_act_that_fails_in_a_race_leaves_no_gap(ledger, database_url, clock):
    prepare(ledger, 0)

    def add(one, writer):
        with suppress(ZeroDivisionError), one.writing(NURSE) as act:
            act.add("weights", weight(f"W-{writer}"))
            if writer % 2:
                raise ZeroDivisionError

    race(database_url, clock, add)
    with ledger.reading() as view:
        names = {row["weight_id"] for row in view.rows("weights")}
        assert names == {"W1", *(f"W-{w}" for w in range(0, WRITERS, 2))} and verify(view).is_sound
    assert gaps(ledger) == 0
