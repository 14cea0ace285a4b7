"""Three foreign registries as they come: each is read by a mapping alone."""

from decimal import Decimal
from pathlib import Path

from import_worlds import read, rows

SPANISH = """
schema = "onearm.mapping/1"
source = "HUS-LAB"
site = "S01"
timezone = "Europe/Madrid"
encoding = "cp1252"
delimiter = ";"
decimal = ","
thousands = "."
missing = ["", "NA", "-"]
columns = { subject_id = { from = "PSEUDÓNIMO", pattern = '(H-\\d{4})', fill = "forward" } }
[[table]]
to = "subjects"
files = "pacientes.csv"
constants = { cohort = "individual_external" }
[table.columns]
sex = { from = "SEXO", map = { V = "male", M = "female" } }
age_years = { from = "EDAD" }
icu_at = { from = "INGRESO UCI", format = ["%d/%m/%Y", "excel"] }
diabetes = { from = "DM", map = { "Sí" = "yes", No = "no" } }
[[table]]
to = "measurements"
files = "lab*.csv"
where = { ANULADO = ["N"], RESULTADO = true }
[table.columns]
collected_at = { from = ["FECHA", "HORA"], format = "%d/%m/%Y %H:%M" }
raw_value = { from = "RESULTADO", comparator = true }
raw_unit = { from = "UNIDAD", map = { "mg/dl" = "mg/dL", "ng/ml FEU" = "ng/mL", "pg/ml" = "pg/mL" } }
marker = { from = "PRUEBA", map = { PCR = "crp", "Dímero D" = "d_dimer_feu", "IL-6" = "il6" }, unmapped = "list" }
"""

PATIENTS = """PSEUDÓNIMO;SEXO;EDAD;INGRESO UCI;DM
H-0001 ;V;63,5;30/03/2020;Sí
H-0002;M\u00a0;71;43924;
""".replace("\n", "\r\n")

LAB = """PSEUDÓNIMO;FECHA;HORA;PRUEBA;RESULTADO;UNIDAD;ANULADO
H-0001;01/04/2020;08:15;PCR;12,3;mg/dl;N
;01/04/2020;08:15;Dímero D;1.250;ng/ml FEU;N
;01/04/2020;;IL-6;<0,5;pg/ml;N
;01/04/2020;08:15;PCR;12,3;mg/dl;N
;01/04/2020;08:15;PCR;99;mg/dl;S
;02/04/2020;09:00;"Observaciones; texto";nota;;N
H-0002;02/04/2020;09:00;PCR;;mg/dl;N

H-0002;02/04/2020;23:30;PCR;5\u00a0;mg/dl;N
""".replace("\n", "\r\n")


def test_a_spanish_laboratory_export_with_decimal_comma_is_read(tmp_path: Path):
    done = read(tmp_path, SPANISH, pacientes_csv=PATIENTS.encode("cp1252"), labs_csv=LAB.encode("cp1252"))
    report = done.report
    assert report.refusals == ()
    assert (report.rows_in, report.rows_stored, report.left_out_by_where, report.blank_lines) == (8, 8, 2, 1)
    assert (report.folded, report.filled, report.unmapped) == (1, 5, (("PRUEBA", "Observaciones; texto", 1),))
    assert rows(
        done, "measurements", "subject_id", "marker", "comparator", "value", "collected_at", "collected_at_precision"
    ) == [
        ("H-0001", "crp", "=", Decimal(123), "2020-04-01 06:15", "minute"),
        ("H-0001", "d_dimer_feu", "=", Decimal(1250), "2020-04-01 06:15", "minute"),
        ("H-0001", "il6", "<", Decimal("0.5"), "2020-04-01 12:00", "day"),
        ("H-0002", "crp", "=", Decimal(50), "2020-04-02 21:30", "minute"),
    ]
    assert rows(done, "subjects", "sex", "age_years", "icu_at", "diabetes") == [
        ("male", Decimal("63.5"), "2020-03-30 12:00", "yes"),
        ("female", Decimal(71), "2020-04-03 12:00", "unknown"),
    ]
    assert "subjects.obesity" in report.missing_fields


AMERICAN = """
schema = "onearm.mapping/1"
source = "US-DAILY"
site = "US"
missing = ["", "."]
columns = { subject_id = { from = "pt", prefix = "US-" } }
[path]
start = { hour = 0 }
daily = { state = "support", at = "hour" }
time_unit = "hours"
codes = ["RA", "HFNC", "MV", "DC", "EXP"]
[[table]]
to = "subjects"
files = "pts.csv"
constants = { cohort = "individual_external" }
[table.columns]
sex = { from = "gender", match = { "[Mm].*" = "male", "[Ff].*" = "female" } }
age_years = { from = "age_months", unit = "months" }
icu_at = { from = "icu_hour", time_unit = "hours" }
[[table]]
to = "episodes"
files = "daily.csv"
path = { map = { MV = "invasive_ventilation", HFNC = "high_flow_oxygen" } }
[[table]]
to = "outcomes"
files = "daily.csv"
path = { map = { EXP = "died", DC = "left_hospital_alive" }, take = "last", open = "seen_alive" }
"""


def test_a_registry_in_hours_with_daily_states_is_read(tmp_path: Path):
    patients = "pt,gender,age_months,icu_hour\n7,Male,780,5.5\n8,female,900,0\n9,F,600,\n"
    daily = "pt,hour,support\n" + "".join(
        f"{pt},{24 * day},{state}\n"
        for pt, states in ((7, "RA MV MV HFNC EXP"), (8, "MV MV . MV DC"), (9, "HFNC MV MV"))
        for day, state in enumerate(states.split())
    )
    done = read(tmp_path, AMERICAN, pts_csv=patients, daily_csv=daily)
    assert done.report.refusals == ()
    assert rows(done, "subjects", "age_years", "icu_at", "icu_at_precision") == [
        (Decimal(65), "2000-01-01 17:30", "minute"),
        (Decimal(75), "2000-01-01 12:00", "minute"),
        (Decimal(50), None, None),
    ]
    assert rows(done, "episodes", "subject_id", "kind", "started_at", "ended_at", "ongoing") == [
        ("US-7", "invasive_ventilation", "2000-01-02 12:00", "2000-01-04 12:00", False),
        ("US-7", "high_flow_oxygen", "2000-01-04 12:00", "2000-01-05 12:00", False),
        ("US-8", "invasive_ventilation", "2000-01-01 12:00", "2000-01-03 12:00", False),
        ("US-8", "invasive_ventilation", "2000-01-04 12:00", "2000-01-05 12:00", False),
        ("US-9", "high_flow_oxygen", "2000-01-01 12:00", "2000-01-02 12:00", False),
        ("US-9", "invasive_ventilation", "2000-01-02 12:00", None, True),
    ]
    assert rows(done, "outcomes", "subject_id", "kind", "occurred_at") == [
        ("US-7", "died", "2000-01-05 12:00"),
        ("US-8", "left_hospital_alive", "2000-01-05 12:00"),
        ("US-9", "seen_alive", "2000-01-03 12:00"),
    ]


def test_a_day_without_a_row_keeps_the_state_when_the_mapping_says_so(tmp_path: Path):
    filled = AMERICAN.replace("daily = {", 'fill = "forward"\ndaily = {')
    daily = "pt,hour,support\n7,0,MV\n7,72,MV\n7,96,EXP\n"
    done = read(tmp_path, filled, pts_csv="pt,gender,age_months,icu_hour\n7,Male,780,0\n", daily_csv=daily)
    assert rows(done, "episodes", "started_at", "ended_at") == [("2000-01-01 12:00", "2000-01-05 12:00")]


WEEKS = """
schema = "onearm.mapping/1"
source = "TRANSPLANT"
site = "DE"
files = "waiting.csv"
missing = ["", "-"]
columns = { subject_id = { from = "case", prefix = "T-" } }
[path]
start = { from = "listed", format = "%d.%m.%Y" }
states = "s{0..2}"
times = ["w1", "w2"]
times_are = "since_start"
time_unit = "weeks"
pad = "-"
codes = ["wait", "graft", "dead"]
until = { from = "seen_months", time_unit = "months" }
[[table]]
to = "subjects"
constants = { cohort = "individual_external", sex = "unknown" }
[table.columns]
age_low = { from = "age", pattern = '(\\d+)-\\d+' }
age_high = { from = "age", pattern = '\\d+-(\\d+)' }
listed_at = { from = "listed", format = "%d.%m.%Y" }
[[table]]
to = "outcomes"
path = { map = { dead = "died" }, take = "last", open = "seen_alive" }
"""


def test_a_registry_in_weeks_and_months_is_read(tmp_path: Path):
    text = "case,age,listed,s0,w1,s1,w2,s2,seen_months\n"
    text += "1,50-60,01.03.2019,wait,1.5,graft,4,dead,1\n"
    text += "2,60-70,01.03.2019,wait,2,graft,-,-,6\n"
    done = read(
        tmp_path,
        WEEKS,
        waiting_csv=text,
    )
    assert done.report.refusals == ()
    assert rows(done, "outcomes", "kind", "occurred_at", "occurred_at_precision") == [
        ("died", "2019-03-29 12:00", "day"),
        ("seen_alive", "2019-08-15 12:00", "month"),
    ]
