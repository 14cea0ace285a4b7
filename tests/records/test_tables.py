"""Conformance: what must hold of every record table."""

import inspect

import dataframely as dy
import polars as pl
import pytest
from linked_records import Patient, external_world, own_world

from onearm.records import FOREIGN_KEYS, TABLES, Records, read_records, write_records
from onearm.records.columns import TEXT_LENGTH, canonical_json
from onearm.records.custody import ENDS, PREVIOUS, STATES, TRANSITIONS
from onearm.results.problems import StudyProblems

WORLD = own_world([Patient(2, True, False), Patient(1, False, True)]).records(seed=1)
KINDS = (dy.String, dy.Enum, dy.Decimal, dy.Int64, dy.Bool, dy.Datetime, dy.Date)
EACH_TABLE = pytest.mark.parametrize("table", TABLES)


def remade(table: str, frame: pl.DataFrame) -> Records:
    return Records.of({table: frame}, provenance="bedside")


@EACH_TABLE
def test_table_is_documented(table):
    schema = TABLES[table]
    doc = inspect.getdoc(schema)
    assert doc and "SDTM: " in doc and "FHIR: " in doc
    for name, column in schema.columns().items():
        assert column.description, f"{table}.{name}"


@EACH_TABLE
def test_table_has_a_key_and_the_common_columns(table):
    schema = TABLES[table]
    assert schema.primary_key()
    assert {"site_id", "version", "entered_at"} < set(schema.column_names())


@EACH_TABLE
def test_table_stores_no_float_and_limits_every_number(table):
    for name, column in TABLES[table].columns().items():
        assert isinstance(column, KINDS), f"{table}.{name}"
        if isinstance(column, dy.Decimal | dy.Int64 | dy.Datetime | dy.Date):
            assert column.max is not None, f"{table}.{name}"
            assert column.min is not None or column.min_exclusive is not None, f"{table}.{name}"
        if isinstance(column, dy.Decimal):
            assert column.dtype == pl.Decimal(38, 12)
        if isinstance(column, dy.Datetime):
            assert column.dtype == pl.Datetime("ms", "UTC")


@EACH_TABLE
def test_table_has_no_column_for_who_a_patient_is(table):
    forbidden = {"name", "birth_date", "hospital_number", "address", "phone", "email"}
    allowed = {"lot_materials": {"name"}}  # of a material
    assert not (set(TABLES[table].column_names()) & forbidden) - allowed.get(table, set())


@EACH_TABLE
def test_every_time_with_a_precision_keeps_them_together(table):
    schema = TABLES[table]
    rules = schema._schema_validation_rules()
    for name in (n.removesuffix("_precision") for n in schema.column_names() if n.endswith("_precision")):
        assert f"{name}_goes_with_its_precision" in rules
        assert schema.columns()[name].nullable == schema.columns()[f"{name}_precision"].nullable


@EACH_TABLE
def test_linked_world_has_rows_of_every_table(table):
    assert WORLD[table].height


@EACH_TABLE
def test_table_refuses_a_row_without_its_key(table):
    key = TABLES[table].primary_key()[0]
    with pytest.raises(StudyProblems, match=f"{key}.* is missing"):
        remade(table, WORLD[table].with_columns(pl.lit(None).cast(WORLD[table].schema[key]).alias(key)))


@EACH_TABLE
def test_table_refuses_a_key_twice(table):
    frame = WORLD[table]
    with pytest.raises(StudyProblems, match="stands already in row 1"):
        remade(table, pl.concat([frame.head(1), frame.head(1)]))


@EACH_TABLE
def test_table_refuses_every_number_and_time_outside_its_limits(table):
    frame = WORLD[table].head(1)
    for name, column in TABLES[table].columns().items():
        if not isinstance(column, dy.Decimal | dy.Int64):
            continue
        for beyond in (column.max + 1, (column.min if column.min is not None else column.min_exclusive) - 1):
            broken = frame.with_columns(pl.lit(beyond).cast(column.dtype).alias(name))
            with pytest.raises(StudyProblems, match=f"{name} {beyond}"):
                remade(table, broken)


@EACH_TABLE
def test_table_refuses_a_value_that_is_not_allowed(table):
    frame = WORLD[table].head(1)
    for name, column in TABLES[table].columns().items():
        if isinstance(column, dy.Enum):
            with pytest.raises(StudyProblems, match=f'{name} "no such".*is not allowed'):
                remade(table, frame.with_columns(pl.lit("no such").alias(name)))


BAD_TEXTS = ["", " a", "a ", "a\x00b", "a\rb", "e\u0301", "x" * (TEXT_LENGTH + 1), "\u00a0a"]


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_text_is_trimmed_not_empty_nfc_and_short(text):
    frame = WORLD["adverse_events"].with_columns(term=pl.lit(text))
    with pytest.raises(StudyProblems, match="term"):
        remade("adverse_events", frame)


@pytest.mark.parametrize("text", ["é", "two\nlines", "x" * TEXT_LENGTH, 'a, "b"', "-", "ñandú ≥ 5 µg"])
def test_ordinary_text_is_kept(text):
    frame = WORLD["adverse_events"].with_columns(term=pl.lit(text))
    assert remade("adverse_events", frame)["adverse_events"]["term"][0] == text


@pytest.mark.parametrize("text", ["call 612 34 56 78", "DNI 12345678Z", "a@b.example"])
def test_free_text_with_personal_data_is_refused(text):
    with pytest.raises(StudyProblems, match="without personal data"):
        remade("adverse_events", WORLD["adverse_events"].with_columns(narrative=pl.lit(text)))


@pytest.mark.parametrize("text", ['["b","a"]', '["data", "treatment"]', '["other"]', "data", "[]", '["data","data"]'])
def test_scope_is_a_sorted_list_of_allowed_values(text):
    with pytest.raises(StudyProblems):
        remade("consents", WORLD["consents"].with_columns(scope=pl.lit(text)))


@pytest.mark.parametrize("text", ['{"b":1,"a":2}', "[1.5]", "[NaN]", "[ ]", "no", '["e\u0301"]', ""])
def test_json_is_canonical_and_without_floats(text):
    with pytest.raises(StudyProblems, match="canonical json"):
        remade("infusions", WORLD["infusions"].with_columns(interruptions=pl.lit(text)))
    assert canonical_json({"b": "1.5", "a": []}) == '{"a":[],"b":"1.5"}'


def subjects(**columns: object) -> pl.DataFrame:
    frame = WORLD["subjects"].head(1)
    return frame.with_columns(pl.lit(v).cast(frame.schema[k]).alias(k) for k, v in columns.items())


@pytest.mark.parametrize(
    "ages",
    [
        {"age_years": None, "age_low": None, "age_high": None},
        {"age_years": 90},
        {"age_years": None, "age_low": 90, "age_high": 95},
        {"age_years": None, "age_low": 91, "age_high": None},
        {"age_years": None, "age_low": 70, "age_high": 70},
        {"age_years": 70, "age_low": 60, "age_high": 70},
    ],
)
def test_age_that_breaks_a_rule_is_refused(ages):
    with pytest.raises(StudyProblems, match="age"):
        remade("subjects", subjects(**ages))


@pytest.mark.parametrize(
    "ages",
    [
        {"age_years": 89, "age_low": None, "age_high": None},
        {"age_years": None, "age_low": 90, "age_high": None},
        {"age_years": None, "age_low": 80, "age_high": 105},
        {"age_years": None, "age_low": None, "age_high": 20},
    ],
)
def test_age_band_is_enough(ages):
    assert remade("subjects", subjects(**ages))["subjects"].height == 1


def test_score_that_is_not_whole_and_value_beyond_its_marker_are_refused():
    gcs = pl.col("marker") == "gcs"
    for value, told in ((8.5, "score is a whole number"), (16, "hard limits of its marker")):
        frame = WORLD["measurements"].with_columns(
            value=pl.when(gcs).then(pl.lit(value).cast(pl.Decimal(38, 12))).otherwise("value")
        )
        with pytest.raises(StudyProblems, match=told):
            remade("measurements", frame)


def test_keys_between_tables_name_the_single_key_of_their_target():
    assert ("custody", "subject_id", "subjects") in {(k.table, k.column, k.target) for k in FOREIGN_KEYS}
    for key in FOREIGN_KEYS:
        assert key.target_column in TABLES[key.target].primary_key()
        assert TABLES[key.table].columns()[key.column].dtype == TABLES[key.target].columns()[key.target_column].dtype


def test_container_states_can_all_be_reached_and_ends_do_not_go_on():
    reached = {"stock"}
    while (
        more := {t.to_state for t in TRANSITIONS.values() if reached & set(t.from_states) and t.to_state != PREVIOUS}
        - reached
    ):
        reached |= more
    assert reached == set(STATES)
    leaving = {s for t in TRANSITIONS.values() if t.event != "recalled" for s in t.from_states}
    assert not leaving & set(ENDS)
    assert "infused" not in TRANSITIONS["recalled"].from_states


def test_external_world_uses_patient_tables_only():
    world = external_world([Patient(0, False, True)]).records(seed=1)
    assert set(world.tables) == {"sources", "subjects", "eligibility_checks", "measurements", "episodes", "outcomes"}


@EACH_TABLE
def test_table_survives_its_csv(table, tmp_path):
    world = remade(table, WORLD[table])
    write_records(world, tmp_path)
    assert read_records(tmp_path, "bedside") == world
    assert (tmp_path / f"{table}.csv").read_bytes() == world.csv(table)


@EACH_TABLE
def test_optional_columns_may_all_be_null_in_a_file(table, tmp_path):
    schema = TABLES[table]
    optional = [name for name, column in schema.columns().items() if column.nullable]
    bare = WORLD[table].drop(optional)
    try:
        world = remade(table, bare)
    except StudyProblems as problems:  # a row rule asks for one of them: then that is all that is said
        assert all("this must hold" in p.sentence for p in problems.problems)
    else:
        assert all(world[table][name].null_count() == bare.height for name in optional)
