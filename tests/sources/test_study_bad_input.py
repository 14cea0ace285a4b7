"""Every mistake of a tired afternoon: the whole message, all problems at once, nothing written, no stack trace."""

import pytest
from study_copies import EXAMPLES, copy, told

NEW = "`onearm new STUDY` writes a folder to start from."
PUBLISHED, TRIALS = "comparators/published.csv", "comparators/trials.csv"
ISRAEL = "comparators/israel"
N = 'n = { value = 13, unit = "patients", status = "verified", source = "abstract" }'
COLUMNS = (
    "cohort,kind,citation,place,country,start,end,population,n,dead,out,open,resolved_only,horizon,horizon_days,"
    "reported_pct,status,note,clock_day"
)


def line_of(folder, name, change, at):
    """The line a problem is on: that of what was changed, or of the text `at`; a number or None as it is."""
    if at and not isinstance(at[0], str):
        return at[0]
    sought = at[0] if at else (change[0] if isinstance(change, list) else change)[1]
    text = (folder / name).read_text(encoding="utf-8")
    return text[: text.index(sought)].count("\n") + 1


def series_alone(tmp_path, **edits):
    """A copy of the first example without its similar cases: quick to read."""
    instead = [('name = "israel"', 'name = "penuelas2021"'), ('kind = "patients"', 'kind = "aggregate"')]
    return copy(tmp_path, "balmys19", **{"study.toml": instead, ISRAEL: None, **edits})


def one(file, sentence, remedy, line=None):
    """The message of one problem."""
    head = f"  line {line}  " if line else "  "
    return f"{file}, 1 problem; nothing was written.\n{head}{sentence}\n{' ' * len(head)}{remedy}"


def test_a_folder_that_is_not_there(tmp_path):
    folder = tmp_path / "nowhere"
    assert told(folder) == one(str(folder), "is not a study folder: it is not there.", NEW)
    assert not folder.exists()


def test_a_file_is_no_study_folder():
    file = EXAMPLES / "balmys19" / "study.toml"
    assert told(file) == one(str(file), "is not a study folder: it is a file.", NEW)


STUDY = {
    "missing": (None, "the file is not there.", "`onearm new STUDY` writes one to start from.", None),
    "TOML": (
        ('starts = "ventilation"', 'starts = "ventilation'),
        "not valid TOML: Illegal character '\\n'.",
        "Correct the line, or the one before it; texts stand in quotes, nothing stands twice.",
    ),
    "TOML, the end missing": (
        lambda t: t[: t.index("rules = [") + 9],
        "not valid TOML: Invalid value.",
        "Correct the line, or the one before it; texts stand in quotes, nothing stands twice.",
        "rules = [",
    ),
    "not UTF-8": (
        b'# proof of concept\n[study]\nid = "x"\ntitle = "Espa\xf1a"\n',
        "byte 0xf1 is not UTF-8.",
        "Save the file as UTF-8.",
        4,
    ),
    "unknown key": (("starts =", "start ="), "clock.start is not known.", "Did you mean starts?"),
    "unknown key of an endpoint": (
        ("states =", "foo ="),
        "endpoint 1: foo is not known.",
        "Remove it; known there: id, states, horizon_days, rank, direction, blinded, source.",
    ),
    "unknown table": (("[clock]", "[klock]"), "klock is not known.", "Did you mean clock?"),
    "missing key": (('id = "balmys19"\n', ""), "study.id is missing.", "Give it.", "[study]"),
    "missing key of a rule": (
        ('op = ">=", ', ""),
        "population.rules 1: op is missing.",
        "Give it.",
        'id = "I1"',
    ),
    "one table for many": (
        ("[[endpoint]]", "[endpoint]"),
        "endpoint is one table.",
        "Write [[endpoint]], with double brackets, for each.",
    ),
    "wrong type": (
        ("horizon_days = 28", 'horizon_days = "soon"'),
        'endpoint 1: horizon_days = "soon" is not a whole number.',
        "Write digits only.",
    ),
    "a text that is a number": (
        ('title = "BALMYS-19, proof of concept"', "title = 19"),
        "study.title = 19 is not a text.",
        "Put it in quotes.",
    ),
    "a percentage": (
        ("bootstraps = 2000", 'alpha = "5 %"'),
        'sap.alpha = "5 %" is not a number.',
        "Write 0.05 for 5 %.",
    ),
    "a date that is none": (
        ("resolved_on = 2020-04-01", 'resolved_on = "April"'),
        'comparator 1: resolved_on = "April" is not a date.',
        "Write it as 2020-04-11.",
    ),
    "unknown word": (
        ('starts = "ventilation"', 'starts = "intubation"'),
        'clock.starts = "intubation" is not known.',
        "Write 'ventilation', 'icu', 'hospital', 'severe_state' or 'listing'.",
    ),
    "value of no kind": (
        ("value = 18,", 'value = [18, "x"],'),
        'population.rules 1: value = [18, "x"] is nothing that can stand here.',
        'Give true or false, a number, a "text", a date, a list of one kind.',
    ),
    "unknown rule": (
        ('"pf_ratio"', '"pf_ration"'),
        "rule I4: 'pf_ration' is nothing a rule may ask.",
        "Did you mean pf_ratio?",
    ),
    "wrong unit": (
        ('"mmHg"', '"mmol/L"'),
        "rule I4: pf_ratio does not accept the unit 'mmol/L'; give one of: mmHg, kPa.",
        "Correct the unit.",
    ),
    "senseless operator": (
        ('"ecmo", op = "=="', '"ecmo", op = ">"'),
        "rule E4: ecmo > true: it is going on or not.",
        "Use == true or == false.",
    ),
    "duplicate rule": (('id = "I4"', 'id = "I1"'), "rule I1 stands twice.", "Give each rule its own id.", '"pf_ratio"'),
    "no such comparator": (
        ('name = "israel"', 'name = "isreal"'),
        '[[comparator]] "isreal" is no row of published.csv and no folder.',
        "Did you mean israel?",
    ),
    "a comparator of the wrong kind": (
        [('name = "israel"', 'name = "penuelas2021"')],
        '[[comparator]] "penuelas2021" is a cohort of published.csv.',
        'Write kind = "aggregate".',
        'kind = "patients"',
    ),
    "no such treatment": (
        ('treat = "infusions"', 'treat = "infusion"'),
        'treat = "infusion" is no treatment of the records.',
        'Write "infusions", or an episode kind and its agent.',
    ),
    "an agent of infusions": (
        ('treat = "infusions"', 'treat = "infusions cells"'),
        'treat = "infusions cells": infusions have no agent.',
        'Write "infusions".',
    ),
    "a treatment without its agent": (
        ('treat = "infusions"', 'treat = "other_treatment"'),
        "other_treatment needs its agent.",
        'Such as "other_treatment heart_transplant".',
    ),
    "an impossible horizon": (
        ("horizon_days = 28", "horizon_days = 0"),
        "endpoint 1: horizon_days = 0.",
        "Give 1 to 3,650.",
    ),
    "too few bootstraps": (
        ("bootstraps = 2000", "bootstraps = 10"),
        "sap.bootstraps = 10.",
        "Give 100 to 1,000,000.",
    ),
    "a negative control that is no number": (
        ("bootstraps = 2000", 'negative_controls = ["creatinin"]'),
        'negative_controls = "creatinin" is no number of a patient.',
        "Did you mean creatinine?",
    ),
    "no nearest": (
        lambda t: t + "[matching]\nnearest = 0\n",
        "matching.nearest = 0.",
        "Give 1 to 1,000.",
        "nearest =",
    ),
    "no level": (("bootstraps = 2000", "alpha = 5"), "sap.alpha = 5.0.", "Give 0.0001 to 0.5."),
    "another schema": (
        ("onearm.study/1", "onearm.study/9"),
        'schema = "onearm.study/9" is not known.',
        'Write schema = "onearm.study/1".',
    ),
    "a hash written by hand": (
        lambda t: 'sha256 = "0"\n' + t,
        "sha256 is computed.",
        "Remove it.",
        1,
    ),
    "matching on the future": (
        lambda t: t + '[matching]\nsame = ["age"]\n',
        'same = "age" cannot be matched on.',
        "Use sex, site, region, a comorbidity or an episode kind.",
        "same =",
    ),
    "a marker that is none": (
        lambda t: t + "[matching]\nmarkers = { pfratio = 50 }\n",
        "pfratio is no marker.",
        "Did you mean pf_ratio?",
        "markers =",
    ),
    "a caliper below nothing": (
        lambda t: t + "[matching]\nage_years = -1\n",
        "matching.age_years = -1.0.",
        "Give 0 to 120.",
        "age_years =",
    ),
    "a landmark before day zero": (
        ('index = "first_infusion"', "landmark_days = [-7]"),
        "time_zero.landmark_days = -7.",
        "Give 0 to 3,650.",
    ),
}


@pytest.mark.parametrize("what", STUDY)
def test_study_toml(tmp_path, what):
    change, sentence, remedy, *at = STUDY[what]
    folder = copy(tmp_path, "balmys19", **{"study.toml": change})
    assert told(folder) == one("study.toml", sentence, remedy, line_of(folder, "study.toml", change, at))


def test_own_records_are_no_comparator_without_records(tmp_path):
    change = ("[sap]", '[[comparator]]\nname = "own records"\n[sap]')
    folder = copy(tmp_path, "remestemcel", **{"study.toml": change})
    sentence = '[[comparator]] "own records": there is no records/.'
    remedy = "`onearm import` writes it; or name another comparator."
    line = line_of(folder, "study.toml", change, ['name = "own records"'])
    assert told(folder) == one("study.toml", sentence, remedy, line)


def test_nobody_to_study(tmp_path):
    folder = copy(tmp_path, "balmys19", **{"reported.toml": None})
    assert told(folder) == one("balmys19/", "neither reported.toml nor records/: there is nobody to study.", NEW)


REPORTED = {
    "a bare number": (
        (N, "n = 13"),
        "treated.n = 13 has no status and source.",
        'Write n = { value = 13, status = "verified", source = "..." }.',
    ),
    "no status": (
        (N, 'n = { value = 13, source = "abstract" }'),
        "treated.n has a value but status unknown.",
        "Say how the value was read (verified, stated, derived), or leave the value out.",
    ),
    "no source": (
        (N, 'n = { value = 13, status = "stated" }'),
        "treated.n has no source.",
        "Name where it was read.",
    ),
    "a status without a value": (
        (N, 'n = { status = "verified", source = "abstract" }'),
        "treated.n has a status but no value.",
        "Say how the value was read (verified, stated, derived), or leave the value out.",
    ),
    "a status nobody knows": (
        (N, 'n = { value = 13, status = "sure", source = "abstract" }'),
        'treated.n: status = "sure" is not known.',
        "Write 'verified', 'verified_percent', 'derived', 'stated' or 'unknown'.",
    ),
    "a key nobody knows": (
        (N, 'n = { vlaue = 13, status = "verified", source = "abstract" }'),
        "treated.n has the key vlaue, which is not known.",
        "Did you mean value?",
    ),
    "a value of no kind": (
        (N, 'n = { value = [13], status = "verified", source = "abstract" }'),
        "treated.n: value = [13] is nothing that can stand here.",
        'Give true or false, a number, a "text".',
    ),
    "a misspelt count": (
        ("extubated = {", "extubatted = {"),
        "treated.extubatted is not read.",
        "Did you mean extubated?",
    ),
    "a table nobody knows": (
        ("[safety]", "[safty]"),
        "[safty] is not a table of a reported series.",
        "Did you mean safety?",
    ),
    "a percentage with its unit": (
        ("dead = { value = 2,", 'dead = { value = 15, unit = "percent",'),
        "dead = 15 is a percentage.",
        "Give the count of patients, and n.",
    ),
    "a percentage as a text": (
        ("dead = { value = 2,", 'dead = { value = "15 %",'),
        "dead = 15 % is a percentage.",
        "Give the count of patients, and n.",
    ),
    "half a patient": (
        ("dead = { value = 2,", "dead = { value = 2.5,"),
        "dead = 2.5 is not a whole number of patients.",
        'Give the count; where it was not reported, status = "unknown" without a value.',
    ),
    "a negative count": (
        ("dead = { value = 2,", "dead = { value = -2,"),
        "dead = -2 is not a whole number of patients.",
        'Give the count; where it was not reported, status = "unknown" without a value.',
    ),
    "infinitely many": (
        ("dead = { value = 2,", "dead = { value = inf,"),
        "treated.dead = inf is no number.",
        'Give the number, or status = "unknown" without a value.',
    ),
    "nobody": (("value = 13,", "value = 0,"), "n = 0: nobody was treated.", "Give the number treated."),
    "more ends than patients": (
        ("extubated = { value = 7", "extubated = { value = 8"),
        "2 dead + 4 open + 8 extubated = 14 patients, n = 13.",
        "Each patient has one end; extubated who died later are dead.",
        "dead =",
    ),
    "more improved than patients": (
        ("improved = { value = 9", "improved = { value = 14"),
        "improved = 14 of n = 13.",
        "Correct one of the two.",
    ),
    "doses that do not add up": (
        [("patients_with_3_doses = { value = 1", "patients_with_3_doses = { value = 2"), ("value = 25", "value = 28")],
        "patients by doses (2 with 1, 10 with 2, 2 with 3) add to 14, n = 13.",
        "Correct them; leave them out where they were not all reported.",
        "patients_with_1_dose",
    ),
    "infusions that do not add up": (
        ("value = 25", "value = 26"),
        "infusions = 26, doses times patients give 25.",
        "Correct one of the two.",
    ),
    "a number of doses nobody can read": (
        ("patients_with_2_doses", "patients_with_two_doses"),
        "patients_with_two_doses: the number of doses is not readable.",
        "Write patients_with_2_doses.",
    ),
    "a mortality without n": (
        (N + "\n", ""),
        "2 dead without n: a mortality needs its denominator.",
        "Give treated.n.",
        "dead =",
    ),
    "a mortality without horizon": (
        ("follow_up_after_first_dose_median", "follow_up"),
        "no horizon and no median follow-up: a mortality needs the time it was counted over.",
        'Give time.horizon_days or time.follow_up_after_first_dose_median, or say status = "unknown".',
        "[time]",
    ),
    "days in weeks": (
        ('value = 16, unit = "days"', 'value = 2, unit = "weeks"'),
        "follow_up_after_first_dose_median = 2 weeks: times count in days.",
        "Give days.",
    ),
    "days in words": (
        ('value = 16, unit = "days"', 'value = "two weeks"'),
        'follow_up_after_first_dose_median = "two weeks" is not a number of days.',
        'Give the number; where it was not reported, status = "unknown" without a value.',
    ),
    "a negative time": (
        ("value = 16,", "value = -16,"),
        "follow_up_after_first_dose_median = -16: a time is not negative.",
        "Days count from the clock's start.",
    ),
    "quartiles that are not in order": (
        (
            "[doses]",
            'follow_up_after_first_dose_q1 = { value = 17, status = "stated", source = "x" }\n'
            'follow_up_after_first_dose_q3 = { value = 20, status = "stated", source = "x" }\n\n[doses]',
        ),
        "follow_up_after_first_dose: quartiles 17, 16, 20 are not in order.",
        "Correct them.",
        "follow_up_after_first_dose_median",
    ),
    "more reactions than patients": (
        ("patients_with_infusion_reaction = { value = 0", "patients_with_infusion_reaction = { value = 14"),
        "patients_with_infusion_reaction = 14, n = 13.",
        "Correct one of the two.",
    ),
    "more assessed than infused": (
        (
            'assessed_infusions = { status = "unknown" }',
            'assessed_infusions = { value = 26, status = "stated", source = "x" }',
        ),
        "assessed_infusions = 26, infusions = 25.",
        "Correct one of the two.",
    ),
    "more than all": (("value = 85,", "value = 850,"), "comparator_high = 850 is no percentage.", "Give 0 to 100."),
    "a country in words": (
        ('country = "ES"', 'country = "Spain"'),
        'study.country = "Spain" is no country code.',
        "Write its two letters (ES, US), INT for several, or leave it empty.",
    ),
    "a date of treatment nobody can read": (
        ('treated_from = "2020-03"', 'treated_from = "03/2020"'),
        'study.treated_from = "03/2020" is no date.',
        "Write 2020-03-08, 2020-03 or 2020, as far as it is known.",
    ),
    "TOML": (
        (N, "n = 13 %"),
        "not valid TOML: Expected newline or end of document after a statement.",
        "Correct the line, or the one before it; texts stand in quotes, nothing stands twice.",
    ),
}


@pytest.mark.parametrize("what", REPORTED)
def test_reported_toml(tmp_path, what):
    change, sentence, remedy, *at = REPORTED[what]
    folder = series_alone(tmp_path, **{"reported.toml": change})
    assert told(folder) == one("reported.toml", sentence, remedy, line_of(folder, "reported.toml", change, at))


@pytest.mark.parametrize("table", ["study", "treated"])
def test_a_table_of_reported_toml_that_is_none(tmp_path, table):
    folder = copy(
        tmp_path, "remestemcel", **{"reported.toml": f"{table} = 13\n" + ("[treated]\n" if table == "study" else "")}
    )
    assert told(folder) == one("reported.toml", f"{table} must be a table.", f"Write [{table}].", 1)


COHORTS = {
    "ends that do not sum to n": (
        ("868,356,,,", "868,356,300,100,"),
        "penuelas2021: 356 dead + 300 out + 100 open = 756 patients, n = 868.",
        "dead, out and open must sum to n.",
        2,
    ),
    "more ends than patients": (
        ("868,356,,,", "868,356,600,,"),
        "penuelas2021: 356 dead + 600 out = 956 patients, n = 868.",
        "dead, out and open must sum to n.",
        2,
    ),
    "more dead than patients": (
        ("868,356,,,", "868,956,,,"),
        "penuelas2021: 956 dead of n = 868.",
        "Correct one of the two.",
        2,
    ),
    "a percentage": (
        ("868,356,,,", "868,41 %,,,"),
        'penuelas2021: dead = "41 %" is not a whole number.',
        "Give the count, not a percentage.",
        2,
    ),
    "a negative count": (("868,356,,,", "868,-356,,,"), "penuelas2021: dead = -356 is negative.", "Give the count.", 2),
    "nobody": (
        ("868,356,,,", "0,0,,,"),
        "penuelas2021: n = 0: nobody is in the cohort.",
        "Give n, or leave it empty where it was not reported.",
        2,
    ),
    "dead without n": (
        ("868,356,,,", ",356,,,"),
        "penuelas2021: 356 dead without n: a mortality needs its denominator.",
        "Give n, or leave the counts empty.",
        2,
    ),
    "a mortality without horizon": (
        ("false,180 d,180,", "false,,,"),
        "penuelas2021: a mortality without horizon.",
        "Give horizon in words, and horizon_days where it is fixed.",
        2,
    ),
    "no days of horizon": (
        ("false,180 d,180,", "false,180 d,0,"),
        "penuelas2021: horizon_days = 0.",
        "Give 1 or more, or leave it empty where it is not fixed.",
        2,
    ),
    "a date with slashes": (
        ("2020-03-08,2020-04-30", "08/03/2020,2020-04-30"),
        "penuelas2021: start 08/03/2020 is no date.",
        "Write 2020-03-08, 2020-03 or 2020, as far as it is known.",
        2,
    ),
    "a date that never was": (
        ("2020-03-08,2020-04-30", "2020-03-08,2020-04-31"),
        "penuelas2021: end 2020-04-31 is no date.",
        "Write 2020-03-08, 2020-03 or 2020, as far as it is known.",
        2,
    ),
    "an end before the start": (
        ("2020-03-08,2020-04-30", "2020-05,2020-04-30"),
        "penuelas2021: start 2020-05 is after end 2020-04-30.",
        "Correct one of the two.",
        2,
    ),
    "a country in words": (
        (",ES,2020-03-08", ",Spain,2020-03-08"),
        "penuelas2021: country Spain is no country code.",
        "Write its two letters (ES, US), INT for several, or leave it empty.",
        2,
    ),
    "a name twice": (
        ("ferrando2020_redar", "penuelas2021"),
        "cohort penuelas2021 stands on line 2 too.",
        "Every row needs a name of its own.",
        3,
    ),
    "no name": (
        ("\nferrando2020_redar,", "\n,"),
        "cohort is empty.",
        "Every row needs a name of its own.",
        3,
    ),
    "a name that makes no id": (
        ("\nferrando2020_redar,", "\nFerrando 2020,"),
        "Ferrando 2020: its name becomes part of an id.",
        "Use small letters, digits and _ only.",
        3,
    ),
    "neither true nor false": (
        ("false,180 d", "perhaps,180 d"),
        'penuelas2021: resolved_only = "perhaps" is neither true nor false.',
        "Write true or false.",
        2,
    ),
    "neither, but empty": (
        ("false,180 d", ",180 d"),
        "penuelas2021: resolved_only is empty.",
        "Write true or false.",
        2,
    ),
    "a comma without quotes": (
        ('"16 ICUs, Spain"', "16 ICUs, Spain"),
        "22 cells, the header has 21.",
        "Quote texts with commas; leave empty what was not reported.",
        2,
    ),
    "a quote that is not closed": (
        ("Penuelas et al. 2021", '"Penuelas et al. 2021'),
        "is no CSV: ',' expected after '\"'.",
        "Close every quote; between it and the next comma stands nothing.",
        2,
    ),
    "semicolons": (
        lambda t: t.replace(",", ";"),
        "the cells are separated by ;.",
        "Save it with commas.",
        1,
    ),
    "an empty file": ("", "the file is empty.", f"Begin it with a line of column names: {COLUMNS}", 1),
    "a column missing": ((",resolved_only,", ",x,"), "column resolved_only is missing.", "Add it.", 1),
    "a column misspelt": (
        (",resolved_only,", ",resolvedonly,"),
        "column resolved_only is missing.",
        "Is resolvedonly meant? Rename it.",
        1,
    ),
    "an optional column misspelt": (
        lambda t: "\n".join(row + (",clockday" if k == 0 else ",") for k, row in enumerate(t.splitlines())),
        "column clockday is not known.",
        "Did you mean clock_day?",
        1,
    ),
    "a column twice": ((",dead_pct,", ",dead,"), "column dead stands in the header twice.", "Keep one.", 1),
    "not UTF-8": (
        b"cohort,kind\npe\xf1uelas,cohort\n",
        "byte 0xf1 is not UTF-8.",
        "Save the file as UTF-8.",
        2,
    ),
}


@pytest.mark.parametrize("what", COHORTS)
def test_published_csv(tmp_path, what):
    change, sentence, remedy, line = COHORTS[what]
    folder = copy(tmp_path, "remestemcel", **{PUBLISHED: change})
    assert told(folder) == one(PUBLISHED, sentence, remedy, line)


REPORTS = {
    "no control group": (
        (",110,47,", ",,,"),
        "bowdish2023: no control group.",
        "A series belongs in reported.toml.",
    ),
    "more dead than patients": (
        ("112,42,", "112,142,"),
        "bowdish2023: treated: 142 dead and 0 open of 112.",
        "Correct one of them.",
    ),
    "a negative count": (
        (",110,47,", ",110,-47,"),
        "bowdish2023: control: -47 dead, 0 open; a count is not negative.",
        "Give the counts.",
    ),
    "nobody in an arm": (
        (",110,47,", ",0,0,"),
        "bowdish2023: control_n = 0: nobody is in the control arm.",
        "Give the number of patients.",
    ),
    "no deaths told": ((",110,47,", ",110,,"), "bowdish2023: control_dead is empty.", "Write digits only."),
    "a name that makes no id": (
        ("bowdish2023", "Bowdish 2023"),
        "Bowdish 2023: its name becomes part of an id.",
        "Use small letters, digits and _ only.",
    ),
}


@pytest.mark.parametrize("what", REPORTS)
def test_trials_csv(tmp_path, what):
    change, sentence, remedy = REPORTS[what]
    assert told(copy(tmp_path, "remestemcel", **{TRIALS: change})) == one(TRIALS, sentence, remedy, 2)


def test_a_sentence_of_an_unknown_quantity(tmp_path):
    folder = series_alone(tmp_path, **{"claims.csv": (",mortality,", ",mortalty,")})
    message = one("claims.csv", 'c01: quantity "mortalty" is not known.', "Did you mean mortality?", 2)
    assert told(folder) == message


def test_a_sentence_twice(tmp_path):
    folder = series_alone(tmp_path, **{"claims.csv": ("\nc02,", "\nc01,")})
    remedy = "Every row needs a name of its own."
    assert told(folder) == one("claims.csv", "claim_id c01 stands on line 2 too.", remedy, 3)
