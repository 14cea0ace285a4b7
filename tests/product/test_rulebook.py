"""The rule book: every line has value, unit, source and status; a study overrides it line by line."""

from decimal import Decimal as D

import pytest

from onearm.protocol.rulebook import NAMES, Line, default_lines, default_rulebook, misfits, rulebook_of
from onearm.records.custody import DILUENTS
from onearm.sources.rulebook_file import read_rulebook


def override(folder, text):
    (folder / "rulebook.toml").write_text(text, encoding="utf-8")
    problems = []
    return read_rulebook(folder, problems), [(p.line, p.sentence, p.remedy) for p in problems]


def line(name, value, unit, source="protocol 4.2"):
    return f'[{name}]\nvalue = {value}\nunit = "{unit}"\nsource = "{source}"\nstatus = "read in source"\n'


def test_the_default_has_a_line_for_every_rule_and_no_other():
    lines = default_lines()
    assert set(lines) == set(NAMES)
    assert list(misfits(lines)) == []
    assert all(one.text and one.source and one.unit for one in lines.values())


def test_the_numbers_of_the_design():
    book = default_rulebook()
    assert (book.viability_low_percent, book.cd73_low_percent, book.negative_panel_high_percent) == (70, 95, 2)
    assert (book.endotoxin_high_eu_per_kg, book.thaw_limit_min, book.reaction_window_h) == (5, 180, 6)
    assert (book.weight_age_h, book.weight_low_kg, book.weight_high_kg) == (72, 30, 250)
    assert (book.dose_tolerance_percent, book.match_age_min, book.storage_limit_c) == (10, 30, -120)
    assert (book.dmso_confirm_g_per_kg_day, book.dmso_block_g_per_kg_day) == (D("0.33"), 1)
    assert (book.dmso_density_g_per_ml, book.keep_years, book.serious_report_h) == (D("1.1"), 30, 24)
    assert book.times_differ_min == 15
    assert (book.max_doses, book.min_hours_between_doses, book.deferred_consent_h) == (3, None, 72)


def test_every_diluent_of_the_records_has_its_loss():
    book = default_rulebook()
    known = {d: book.decay_per_h(d) for d in DILUENTS}
    assert known == dict.fromkeys(DILUENTS) | {"ringer_lactate": D("0.0966"), "pbs_albumin": D("0.005")}
    assert [d for d in DILUENTS if book.decay_is_bound(d)] == ["pbs_albumin"]


def test_a_study_without_its_own_has_the_default(tmp_path):
    assert read_rulebook(tmp_path, []) == default_rulebook()


def test_one_line_is_replaced_and_the_rest_stays(tmp_path):
    book, problems = override(tmp_path, line("planned_m_per_kg", 10, "10^6/kg", "START, NCT02097641"))
    assert problems == []
    assert (book.planned_m_per_kg, book.thaw_limit_min) == (10, 180)
    assert book.lines["planned_m_per_kg"].source == "START, NCT02097641"
    assert book.sha256 != default_rulebook().sha256


def test_an_unknown_loss_can_be_given_and_a_limit_set(tmp_path):
    text = line("decay_saline_per_h", 0.12, "1/h") + line("min_hours_between_doses", 24, "h")
    book, problems = override(tmp_path, text)
    assert (problems, book.decay_per_h("saline"), book.min_hours_between_doses) == ([], D("0.12"), 24)


def test_the_hash_is_that_of_what_is_in_force_and_not_of_the_file(tmp_path):
    same = default_lines()["thaw_limit_min"]
    book, _ = override(tmp_path, "# a comment\n" + line("thaw_limit_min", 180.0, "min", same.source))
    assert book.sha256 == default_rulebook().sha256
    other, _ = override(tmp_path, line("thaw_limit_min", 180, "min", "another source"))
    assert other.sha256 != book.sha256


def test_every_problem_is_told_at_once_with_its_line(tmp_path):
    text = (
        'schema = "onearm.rulebook/9"\nthaw_limit_min = 3\n'
        + line("thaw_limit", 120, "min")
        + line("weight_age_h", 3, "days")
        + line("passage_low", 33, "1")
        + line("max_doses", '"many"', "1")
        + line("decay_none_per_h", '"many"', "1/h")
        + line("sterility_text", 3, "1")
        + line("match_age_min", 20, "min", " ")
        + '[keep_years]\nvalue = 30\nunit = "a"\nstatus = "guess"\n'
    )
    book, problems = override(tmp_path, text)
    assert book is None
    assert problems == [
        (1, "schema = 'onearm.rulebook/9' is not known.", 'Write schema = "onearm.rulebook/1".'),
        (2, "thaw_limit_min is not a table.", "Write [thaw_limit_min] with value, unit, source and status."),
        (3, "thaw_limit is no rule.", "Did you mean thaw_limit_min?"),
        (38, "keep_years: source is missing.", "Give it."),
        (41, 'keep_years: status = "guess" is not known.', WRITE),
        (10, "weight_age_h is in days; the rule is in h.", "Give the value in h."),
        (14, "passage_low 33 1 is out of range.", "Give 0 to 20."),
        (19, 'max_doses "many" is not a number.', "Give 1 to 20."),
        (24, 'decay_none_per_h "many" is not a number.', 'Give 0 to 10, or "unknown".'),
        (29, "sterility_text 3 is not a text.", "Put it in quotes."),
        (36, "match_age_min has no source.", "Say where the value was read, or that it is assumed."),
    ]


WRITE = "Write 'read in source', 'computed', 'field' or 'assumption'."


def test_a_file_that_is_not_toml_is_told(tmp_path):
    book, problems = override(tmp_path, "[thaw_limit_min\n")
    assert book is None and problems[0][1].startswith("not valid TOML")


def test_a_rule_book_cannot_be_made_of_lines_that_do_not_fit():
    wrong = Line(D(-5), "min", "x", "assumption")
    with pytest.raises(ValueError, match="thaw_limit_min: -5 min is out of range"):
        rulebook_of({"thaw_limit_min": wrong})
    with pytest.raises(ValueError, match="Did you mean thaw_limit_min"):
        rulebook_of({"thaw_limit_mins": wrong})
