"""What somebody with the rights of the owner can do to a ledger behind its back, and where a replay must say so."""

import random
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from onearm.ledger.entry import Action, Entry, values_hash
from onearm.ledger.reading import Head, View
from onearm.ledger.snapshot import replayed, values_upto
from onearm.ledger.tables import ENTRIES, SCHEMAS, STATE
from onearm.ledger.verification import verify
from onearm.vocabulary.clock import text_of

COLUMNS = Entry.__slots__
STRANGER = "A-STRANGER"


@dataclass(frozen=True)
class Tampering:
    """What was done, and where it must be found: at one of these entries, or named as this row."""

    kind: str
    seqs: frozenset = frozenset()
    row: str = ""
    anchors: tuple = ()

    def is_located_by(self, faults):
        return any(f.seq in self.seqs or (self.row and self.row in f.sentence) for f in faults)


@contextmanager
def owner(engine):
    """A connection that nothing is refused; all it does is rolled back."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        try:
            yield connection
        finally:
            connection.rollback()


@contextmanager
def without_guards(connection):
    """Guards and references away, and back again."""
    if connection.dialect.name == "sqlite":
        query = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'")
        guards = connection.execute(query).fetchall()
        for name, _ in guards:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield
        for _, statement in guards:
            connection.exec_driver_sql(statement)
        return
    names = ("entries_no_change", "entries_no_truncate")
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE entries DISABLE TRIGGER {name}")
    yield
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE entries ENABLE ALWAYS TRIGGER {name}")


def entries_of(connection):
    """All entries."""
    return list(View(connection).entries())


def write(connection, where, /, **cells):
    """Over an entry, past every type."""
    told = ", ".join(f"{name} = :{name}" for name in cells)
    connection.execute(sa.text(f"UPDATE entries SET {told} WHERE seq = :where"), {**cells, "where": where})


def put(connection, entry):
    """A new entry."""
    connection.execute(sa.insert(ENTRIES), [{name: getattr(entry, name) for name in COLUMNS}])


def rehash(connection, entries, start):
    """Link everything from place `start` on anew, as somebody would who knows how, and rebuild the rows."""
    before = entries[start - 1].hash if start else "0" * 64
    for entry in entries[start:]:
        entry = replace(entry, prev_hash=before)
        entry = replace(entry, hash=entry.expected_hash())
        before = entry.hash
        cells = {n: getattr(entry, n) for n in ("actor", "values_json", "salt", "values_sha256", "prev_hash", "hash")}
        write(connection, entry.seq, **cells)
    rebuild(connection)


def rebuild(connection):
    """The rows that the entries give now."""
    view = View(connection)
    for table in reversed(STATE.values()):
        connection.execute(sa.delete(table))
    found = replayed(values_upto(view, view.head().seq, tuple(SCHEMAS)), tuple(SCHEMAS))
    for table, frame in found.frames.items():
        if frame.height:
            connection.execute(sa.insert(STATE[table]), frame.to_dicts())


# one function per kind: changes something, says where
def cell(connection, rng):
    """Another value in one cell of one entry."""
    entry, column = rng.choice(entries_of(connection)), rng.choice(COLUMNS)
    was = getattr(entry, column)
    value = changed(connection.dialect.name, column, was, rng)
    write(connection, entry.seq, **{column: value})
    seqs = {entry.seq, entry.seq + 1, value} if column == "seq" else {entry.seq}
    return Tampering(f"cell {column}", frozenset(seqs))


def changed(dialect, column, was, rng):
    """Another value for a cell; on SQLite of another type at times, or bytes that are no text."""
    if column in ("seq", "version"):
        return was + rng.choice((1000, 1001, 5000))
    if column in ("entered_at", "occurred_at"):
        if dialect == "postgresql":
            return was.replace(microsecond=was.microsecond ^ rng.choice((1000, 2000, 64000)))
        return flipped(text_of(was), rng)
    if column == "action" and dialect == "postgresql":
        return rng.choice([a.value for a in Action if a != was])
    if column == "salt":
        return bytes([was[0] ^ 1, *was[1:]]) if was else secrets.token_bytes(16)
    if column == "values_json":
        return rng.choice((None, flipped(was, rng), was + " ")) if was else "{}"
    if dialect == "sqlite" and rng.random() < 0.2:
        return rng.choice((flipped(was, rng).encode() or b"x", was.encode() + b"\xff", 7))
    return flipped(was, rng)


def flipped(text, rng):
    """One character replaced by another, or one more at the end of a text without any."""
    if not text:
        return "x"
    place = rng.randrange(len(text))
    other = rng.choice([c for c in "aZ09 -.,:é{}\"'" if c != text[place]])
    return text[:place] + other + text[place + 1 :]


def erased(connection, rng):
    """Values and salt taken away, with no entry that says so."""
    entry = rng.choice([e for e in entries_of(connection) if e.salt])
    write(connection, entry.seq, values_json=None, salt=None)
    return Tampering("erased", frozenset({entry.seq}))


def dropped(connection, rng):
    """An entry taken out."""
    entry = rng.choice(entries_of(connection)[:-1])
    connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.seq == entry.seq))
    return Tampering("dropped", frozenset({entry.seq + 1}))


def swapped(connection, rng):
    """Two entries in each other's place."""
    a, b = (e.seq for e in rng.sample(entries_of(connection), 2))
    for seq, to in ((a, -1), (b, a), (-1, b)):
        write(connection, seq, seq=to)
    return Tampering("swapped", frozenset({a, b}))


def inserted(connection, rng):
    """An entry more, those after it one place further; its own link and hash are right, or copied."""
    entries = entries_of(connection)
    place = rng.randrange(1, len(entries) + 1)
    seq = place + 1
    connection.execute(sa.text("UPDATE entries SET seq = -seq - 1 WHERE seq >= :seq"), {"seq": seq})
    connection.execute(sa.text("UPDATE entries SET seq = -seq WHERE seq < 0"))
    copied = replace(entries[place - 1], seq=seq, record_key="FORGED", version=1)
    if place < len(entries) and rng.random() < 0.5:
        copied = replace(copied, prev_hash=entries[place - 1].hash)
        copied = replace(copied, hash=copied.expected_hash())
    put(connection, copied)
    return Tampering("inserted", frozenset({seq, seq + 1}))


def cut(connection, rng, anchors=True):
    """The tail taken off, and the rows with it: only a head noted elsewhere can tell."""
    head = View(connection).head()
    last = rng.randrange(1, head.seq)
    connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.seq > last))
    rebuild(connection)
    return Tampering("cut", frozenset({last}), anchors=(head,) if anchors else ())


def replaced(connection, rng, anchors=True):
    """An entry rewritten, and the whole tail linked anew: only heads noted elsewhere can tell."""
    entries = entries_of(connection)
    signed = {k for (k,) in connection.execute(sa.select(STATE["signatures"].c.record_key))}
    chosen = [i for i, e in enumerate(entries) if e.table_name == "weights" and e.salt and e.record_key not in signed]
    place = rng.choice([i for i in chosen if entries[i].values_json != "null"])
    noted = tuple(Head(e.seq, e.hash) for e in entries if e.seq % 10 == 0 or e is entries[-1])
    entries[place] = rewritten(entries[place])
    rehash(connection, entries, place)
    seqs = {min(h.seq for h in noted if h.seq > place)}
    return Tampering("replaced", frozenset(seqs), anchors=noted if anchors else ())


def rewritten(entry):
    """Another weight in it, with its salt and hash of values."""
    text = entry.values_json.replace('"weight_kg":"', '"weight_kg":"1')
    return replace(entry, values_json=text, values_sha256=values_hash(entry.salt, text))


def signed_row(connection, rng):
    """A signed row rewritten by somebody who can link the chain anew: the signature no longer fits."""
    entries = entries_of(connection)
    keys = {k for (k,) in connection.execute(sa.select(STATE["signatures"].c.record_key))}
    place = rng.choice([i for i, e in enumerate(entries) if e.record_key in keys and e.version == 1])
    entries[place] = rewritten(entries[place])
    rehash(connection, entries, place)
    return Tampering("signature", row=f"on weights {entries[place].record_key} is broken")


def stranger(connection, rng):
    """Another author, the chain linked anew: nobody had delegated anything to that one."""
    entries = entries_of(connection)
    place = rng.choice([i for i, e in enumerate(entries) if e.role != "SETUP"])
    entries[place] = replace(entries[place], actor=STRANGER)
    rehash(connection, entries, place)
    return Tampering("stranger", frozenset({entries[place].seq}))


def state_row(connection, rng):
    """A row as it stands: changed, added or taken away, its entries untouched."""
    table = rng.choice(
        [t for t in STATE.values() if connection.execute(sa.select(sa.func.count()).select_from(t)).scalar()]
    )
    row = dict(rng.choice(connection.execute(sa.select(table)).mappings().fetchall()))
    keys = [c.name for c in table.primary_key.columns]
    here = sa.and_(*(table.c[k] == row[k] for k in keys))
    how = rng.choice(("changed", "added", "removed"))
    if how == "removed":
        connection.execute(sa.delete(table).where(here))
    elif how == "added":
        row[keys[0]] = "FORGED"
        connection.execute(sa.insert(table), [row])
    else:
        columns = [n for n, c in SCHEMAS[table.name].columns().items() if n not in keys and row[n] is not None]
        name = rng.choice([n for n in columns if not isinstance(row[n], bool)])
        told = f"UPDATE {table.name} SET {name} = {other_value(connection.dialect.name, table.c[name], name)} WHERE "
        where = " AND ".join(f"{k} = :{k}" for k in keys)
        connection.execute(sa.text(told + where), {k: row[k] for k in keys})
    return Tampering(f"row {how}", row=f"{table.name} {'/'.join(str(row[k]) for k in keys)} ")


def other_value(dialect, column, name):
    """SQL of another value for a cell."""
    kind = column.type
    if isinstance(kind, sa.BigInteger):
        return f"{name} + 1"
    if dialect == "sqlite":
        return f"{name} || '1'"
    if isinstance(kind, sa.Date):
        return f"{name} + 1"
    if isinstance(kind, sa.String):
        return f"CASE WHEN {name} = 'x' THEN 'y' ELSE 'x' END"
    return f"{name} + 1" if "Decimal" in type(kind).__name__ else f"{name} + interval '1 ms'"


KINDS = (
    cell,
    cell,
    cell,
    cell,
    erased,
    dropped,
    swapped,
    inserted,
    cut,
    replaced,
    signed_row,
    stranger,
    state_row,
    state_row,
)


def tamper(engine, seed):
    """One tampering, drawn by `seed`: what was done, and the faults of the replay."""
    rng = random.Random(seed)
    for _ in range(20):
        with owner(engine) as connection:
            try:
                with without_guards(connection):
                    done = rng.choice(KINDS)(connection, rng)
            except sa.exc.IntegrityError:  # the database has rules that bind its owner too
                continue
            return done, verify(View(connection), anchors=done.anchors).faults
    raise AssertionError(f"seed {seed} found nothing to do")
