"""What the database itself refuses: changing or removing an entry, and writing over one.

One UPDATE passes: values and salt of an entry to null, for a seq that a `redact` entry names in its record key.
"""

import sqlalchemy as sa

_FIXED = (
    "seq",
    "entered_at",
    "occurred_at",
    "actor",
    "role",
    "site",
    "action",
    "table_name",
    "record_key",
    "version",
    "values_sha256",
    "reason",
    "prev_hash",
    "hash",
)
REDACTED = "redacted"  # table_name of a redact entry; its record_key is the seq it erases

# INSERT OR REPLACE fires no delete trigger, so the insert itself is watched (SQLite 3.40)
SQLITE = (
    f"""
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
WHEN NOT (
  NEW.values_json IS NULL AND NEW.salt IS NULL
  AND {" AND ".join(f"NEW.{c} IS OLD.{c}" for c in _FIXED)}
  AND EXISTS (SELECT 1 FROM entries r WHERE r.action = 'redact' AND r.table_name = '{REDACTED}'
              AND r.record_key = CAST(OLD.seq AS TEXT))
)
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END""",
    """
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END""",
    """
CREATE TRIGGER entries_no_replace BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries e WHERE e.seq = NEW.seq
             OR (e.table_name = NEW.table_name AND e.record_key = NEW.record_key AND e.version = NEW.version))
BEGIN SELECT RAISE(ABORT, 'entries are append-only: seq or version stands already'); END""",
)

POSTGRESQL = (
    f"""
CREATE FUNCTION entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.values_json IS NULL AND NEW.salt IS NULL
       AND {" AND ".join(f"NEW.{c} IS NOT DISTINCT FROM OLD.{c}" for c in _FIXED)}
       AND EXISTS (SELECT 1 FROM entries r WHERE r.action = 'redact' AND r.table_name = '{REDACTED}'
                   AND r.record_key = OLD.seq::text) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'entries are append-only';
END $body$""",
    """
CREATE TRIGGER entries_no_change BEFORE UPDATE OR DELETE ON entries
FOR EACH ROW EXECUTE FUNCTION entries_refuse()""",
    """
CREATE TRIGGER entries_no_truncate BEFORE TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION entries_refuse()""",
    "ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_no_change",
    "ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_no_truncate",
    # the app may not UPDATE entries; this function may, and the trigger above still decides
    """
CREATE FUNCTION entries_redact(wanted bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS
$body$ UPDATE entries SET values_json = NULL, salt = NULL WHERE seq = wanted $body$""",
    "REVOKE ALL ON FUNCTION entries_redact(bigint) FROM PUBLIC",
)

_STANDING = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'entries'::regclass AND tgenabled = 'A'",
}
_NAMES = {
    "sqlite": ("entries_no_update", "entries_no_delete", "entries_no_replace"),
    "postgresql": ("entries_no_change", "entries_no_truncate"),
}


def missing_guards(connection: sa.Connection) -> tuple[str, ...]:
    """Guards of the entries that somebody took away or switched off."""
    kind = connection.dialect.name
    standing = set(connection.execute(sa.text(_STANDING[kind])).scalars())
    return tuple(name for name in _NAMES[kind] if name not in standing)
