"""What was archived comes back, in the other kind of database too; a damaged or wrong archive brings nothing back."""

import hashlib
import json
import shutil
import subprocess
import sys

import pyrage
import pytest
import tampering
from small_study import NURSE, weight

from onearm.ledger.archive import ENTRIES_FILE, SUMS, archive_files, packed, unpacked
from onearm.ledger.backup import restore, write_archive, write_native
from onearm.ledger.freezing import manifest_of
from onearm.ledger.ledger import Ledger
from onearm.ledger.problems import LedgerRefusal
from onearm.ledger.reading import Head
from onearm.ledger.snapshot import snapshot
from onearm.ledger.store import open_engine, sqlite_url
from onearm.ledger.verification import verify


@pytest.fixture
def keys():
    """Two age keys."""
    return [pyrage.x25519.Identity.generate() for _ in range(2)]


@pytest.fixture
def recipients(keys):
    """Their public parts."""
    return [str(key.to_public()) for key in keys]


@pytest.fixture
def empty(other_database_url):
    """An empty, migrated database of the other kind than the study's."""
    engine = open_engine(other_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def files(study):
    """The files of an archive of the study."""
    with study.reading() as view:
        return archive_files(view, {"report.txt": b"a printed report"})


def everything(ledger):
    with ledger.reading() as view:
        rows = {name: view.rows(name) for name in tampering.STATE}
        return list(view.entries()), rows, manifest_of(snapshot(view).records)


def encrypted(files, recipients, path):
    path.write_bytes(pyrage.encrypt(packed(files), [pyrage.x25519.Recipient.from_str(r) for r in recipients]))
    return path


def summed(files):
    """The files with checksums that fit: damage by somebody who knows how."""
    others = {name: data for name, data in files.items() if name != SUMS}
    lines = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(others.items()))
    return {**others, SUMS: lines.encode()}


def refuses(path, engine, keys, match, **told):
    """Nothing comes back, and the database stays empty."""
    with pytest.raises(LedgerRefusal, match=match):
        restore(path, engine, str(keys[0]), **told)
    assert entries_in(engine) == 0


def entries_in(engine):
    with Ledger(engine).reading() as view:
        return view.head().seq


# there and back
@pytest.mark.parametrize("key", [0, 1])
def test_an_archive_comes_back_whole_in_the_other_kind_of_database(study, empty, keys, recipients, tmp_path, key):
    head = write_archive(study, tmp_path / "a.age", recipients)
    found = restore(tmp_path / "a.age", empty, str(keys[key]), anchors=[head])
    back = Ledger(empty, clock=study.clock)
    assert found.is_sound and found.head == head
    assert everything(back) == everything(study)
    with back.writing(NURSE) as act:
        act.add("weights", weight("W9"))
    with back.reading() as view:
        assert verify(view, anchors=[head]).is_sound


def test_the_same_ledger_gives_the_same_archive(study):
    with study.reading() as view:
        assert packed(archive_files(view, {})) == packed(archive_files(view, {}))


def test_an_archive_of_an_empty_ledger_comes_back_empty(ledger, empty, keys, recipients, tmp_path):
    write_archive(ledger, tmp_path / "a.age", recipients)
    assert restore(tmp_path / "a.age", empty, str(keys[0])).head == Head(0, "0" * 64)


# refusals
def test_another_key_opens_nothing(study, empty, recipients, tmp_path):
    write_archive(study, tmp_path / "a.age", recipients)
    refuses(tmp_path / "a.age", empty, [pyrage.x25519.Identity.generate()], "key does not open")


def test_what_is_no_key_opens_nothing(study, empty, recipients, tmp_path):
    write_archive(study, tmp_path / "a.age", recipients)
    refuses(tmp_path / "a.age", empty, ["AGE-SECRET-KEY-1"], "key does not open")


@pytest.mark.parametrize("place", [0.01, 0.5, 0.99])
def test_one_changed_byte_of_the_encrypted_file_brings_nothing_back(study, empty, keys, recipients, tmp_path, place):
    path = tmp_path / "a.age"
    write_archive(study, path, recipients)
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1
    path.write_bytes(data)
    refuses(path, empty, keys, "key does not open")


def test_an_archive_cut_short_brings_nothing_back(study, empty, keys, recipients, tmp_path):
    path = tmp_path / "a.age"
    write_archive(study, path, recipients)
    path.write_bytes(path.read_bytes()[:-100])
    refuses(path, empty, keys, "key does not open")


def change(name, before, after):
    return lambda files: {**files, name: files[name].replace(before, after, 1)}


def one_line(change_line, number=5):
    def changed(files):
        lines = files[ENTRIES_FILE].splitlines(keepends=True)
        return summed({**files, ENTRIES_FILE: b"".join(change_line(lines, number))})

    return changed


DAMAGES = {
    "a file changed": (change("tables/weights.csv", b"80.5", b"80.6"), "weights.csv is not the file"),
    "a file lost": (lambda f: {n: d for n, d in f.items() if n != "report.txt"}, "report.txt is not the file"),
    "a file more": (lambda f: {**f, "more.txt": b""}, "more.txt is not the file"),
    "no checksums": (lambda f: {n: d for n, d in f.items() if n != SUMS}, "SHA256SUMS is missing"),
    "checksum of the entries cut": (
        lambda f: {**f, SUMS: b"".join(x for x in f[SUMS].splitlines(True) if b"entries" not in x)},
        "entries.jsonl is not the file",
    ),
    "an entry changed": (one_line(lambda x, n: [*x[:n], x[n].replace(b"A-", b"B-"), *x[n + 1 :]]), "was changed"),
    "an entry lost": (one_line(lambda x, n: [*x[:n], *x[n + 1 :]]), "entries between are missing"),
    "an entry twice": (one_line(lambda x, n: [*x[:n], x[n], *x[n:]]), "was not restored"),
    "a line that is no entry": (one_line(lambda x, n: [*x[:n], b"{}\n", *x[n:]]), "line 6 is no entry"),
    "a line that is no JSON": (one_line(lambda x, n: [*x[:n], x[n][:20] + b"\n", *x[n + 1 :]]), "line 6 is no entry"),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_archive_brings_nothing_back_and_says_what_is_wrong(
    empty, files, keys, recipients, tmp_path, damage, told
):
    refuses(encrypted(damage(files), recipients, tmp_path / "a.age"), empty, keys, told)


def test_what_is_no_archive_brings_nothing_back(empty, keys, recipients, tmp_path):
    path = tmp_path / "a.age"
    path.write_bytes(pyrage.encrypt(b"a letter", [pyrage.x25519.Recipient.from_str(r) for r in recipients]))
    refuses(path, empty, keys, "no archive of a ledger")


def test_an_archive_older_than_a_head_noted_elsewhere_is_not_restored(study, empty, keys, recipients, tmp_path):
    write_archive(study, tmp_path / "a.age", recipients)
    with study.writing(NURSE) as act:
        act.add("weights", weight("W9"))
    with study.reading() as view:
        refuses(tmp_path / "a.age", empty, keys, "it was cut", anchors=[view.head()])


def test_nothing_is_restored_over_a_ledger_that_stands(study, keys, recipients, tmp_path):
    head = write_archive(study, tmp_path / "a.age", recipients)
    with pytest.raises(LedgerRefusal, match="not empty"):
        restore(tmp_path / "a.age", study.engine, str(keys[0]))
    assert entries_in(study.engine) == head.seq


@pytest.mark.parametrize("write", [write_archive, write_native])
def test_one_recipient_is_refused(study, recipients, tmp_path, write):
    for few in (recipients[:1], [recipients[0], recipients[0]], []):
        with pytest.raises(LedgerRefusal, match="Give 2 different recipients"):
            write(study, tmp_path / "a.age", few)
    with pytest.raises(LedgerRefusal, match="no age public key"):
        write(study, tmp_path / "a.age", ["age1x", "age1y"])
    assert not (tmp_path / "a.age").exists()


# thirty years on: the standard library alone
def bare(folder, *heads):
    """verify.py in a bare interpreter: isolated, without site packages."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *heads]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.stderr == ""
    return done.returncode, done.stdout


def laid_out(files, folder):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_an_archive_is_checked_by_the_standard_library_alone(study, files, tmp_path):
    folder = laid_out(unpacked(packed(files)), tmp_path / "archive")
    with study.reading() as view:
        head = view.head()
    code, told = bare(folder, f"{head.seq}:{head.hash}")
    assert (code, told) == (0, f"{head.seq} entries, head {head.seq}:{head.hash}\nsound\n")


def test_a_head_that_is_not_in_the_archive_shows_there_too(files, tmp_path):
    code, told = bare(laid_out(files, tmp_path / "archive"), f"999:{'0' * 64}")
    assert code == 1 and "entry 999 is not the one noted elsewhere" in told


BARE_DAMAGES = {
    "a file changed": (change("tables/weights.csv", b"80.5", b"80.6"), "weights.csv is not the file"),
    "a file lost": (lambda f: {n: d for n, d in f.items() if n != "report.txt"}, "report.txt is missing"),
    "a file more": (lambda f: {**f, "more.txt": b""}, "more.txt is not part of the archive"),
    "no checksums": (lambda f: {n: d for n, d in f.items() if n != SUMS}, "cannot be read"),
    "an entry changed": (DAMAGES["an entry changed"][0], "entry 6 was changed"),
    "an entry lost": (DAMAGES["an entry lost"][0], "entry 7 stands where 6 was due"),
    "an entry twice": (DAMAGES["an entry twice"][0], "entry 6 stands where 7 was due"),
    "a line that is no entry": (DAMAGES["a line that is no entry"][0], "cannot be read"),
    "a value erased": (
        one_line(lambda x, n: [*x[:n], erased_line(x[n]), *x[n + 1 :]]),
        "entry 6: the values were erased, and no entry says by whom",
    ),
    "a value changed": (
        one_line(lambda x, n: [*x[:n], x[n].replace(rb"\"es\"", rb"\"en\""), *x[n + 1 :]]),
        "entry 6: the values were changed",
    ),
}


def erased_line(line):
    return (json.dumps({**json.loads(line), "values_json": None, "salt": None}) + "\n").encode()


@pytest.mark.parametrize(("damage", "told"), BARE_DAMAGES.values(), ids=BARE_DAMAGES)
def test_a_damaged_archive_is_told_by_the_standard_library_alone(files, tmp_path, damage, told):
    code, said = bare(laid_out(damage(files), tmp_path / "archive"))
    assert code == 1 and told in said and "faults" in said


# the native copy
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_native_copy_of_sqlite_is_the_database(study, keys, recipients, tmp_path):
    write_native(study, tmp_path / "n.age", recipients)
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(pyrage.decrypt((tmp_path / "n.age").read_bytes(), [keys[1]]))
    back = Ledger.at(sqlite_url(copy))
    assert everything(back) == everything(study)
    with back.reading() as view:
        assert verify(view).is_sound
    back.close()
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == []  # no copy is left in the clear


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_native_copy_of_postgresql_is_restored_by_its_own_tool(study, keys, recipients, tmp_path, postgresql_server):
    if shutil.which("pg_dump") is None:
        pytest.skip("the client of PostgreSQL is not on the path")
    write_native(study, tmp_path / "n.age", recipients)
    copy = tmp_path / "copy.dump"
    copy.write_bytes(pyrage.decrypt((tmp_path / "n.age").read_bytes(), [keys[1]]))
    postgresql_server.run("CREATE DATABASE brought_back")
    command = ["pg_restore", "--exit-on-error", "-h", "127.0.0.1", "-p", str(postgresql_server.port), "-U", "postgres"]
    environment = {"PGPASSWORD": postgresql_server.password, "PATH": str(postgresql_server.programs)}
    subprocess.run([*command, "-d", "brought_back", str(copy)], check=True, env=environment)
    back = Ledger.at(postgresql_server.url("brought_back"))
    assert everything(back) == everything(study)
    with back.reading() as view:
        assert verify(view).is_sound
    back.close()
    postgresql_server.run("DROP DATABASE brought_back")


def test_a_failed_backup_leaves_the_one_before(study, recipients, tmp_path, monkeypatch):
    write_archive(study, tmp_path / "a.age", recipients)
    before = (tmp_path / "a.age").read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_archive(study, tmp_path / "a.age", recipients)
    assert (tmp_path / "a.age").read_bytes() == before


def test_a_study_brought_back_can_be_archived_again_with_the_same_entries(study, empty, keys, recipients, tmp_path):
    write_archive(study, tmp_path / "a.age", recipients)
    restore(tmp_path / "a.age", empty, str(keys[0]))
    with study.reading() as ours, Ledger(empty).reading() as theirs:
        assert archive_files(ours, {}) == archive_files(theirs, {})
