import numpy as np
import pytest

from onearm.physiology.randomness import DAY_OFFSET, Key, Process, exponential, normal, philox, uniform

KEY = Key(20200411, 1)


def test_the_published_vectors_of_philox_4x64_10():
    assert philox(Key(0, 0), 0, 0, 0, 0)[0] == 0x16554D9ECA36314C
    assert philox(KEY, 7, 3, 5, 0)[0] == 0xAB1B6A222A2F09EC


def test_words_equal_those_of_numpy_which_counts_before_its_first_output():
    for counter in ((1, 0, 0, 0), (2**31 - 1, 18, 162, 5), (2**63 + 9, 2**64 - 1, 2**40, 3)):
        before = np.array([counter[0] - 1, *counter[1:]], dtype=np.uint64)
        theirs = np.random.Philox(key=np.array(KEY, dtype=np.uint64), counter=before).random_raw()
        ours = philox(KEY, *(np.array([c], dtype=np.uint64) for c in counter))
        assert ours[0] == theirs


def test_the_design_vector_as_uniform_and_normal():
    day = 7 - DAY_OFFSET  # the vector has the day without its offset
    assert uniform(KEY, Process.DEATH, 5, day=day) == 0.6683870633516416
    assert normal(KEY, Process.DEATH, 5, day=day) == pytest.approx(0.435463712049104, abs=1e-14)
    assert exponential(KEY, Process.DEATH, 5, day=day) == pytest.approx(-np.log(1 - 0.6683870633516416), rel=1e-14)


def test_days_before_day_zero_are_legal():
    assert 0 < uniform(KEY, Process.MARKER, 0, day=-1) < 1


def test_order_and_company_change_no_number():
    patients, days = np.arange(40_000)[:, None], np.arange(2)
    everybody = uniform(KEY, Process.MARKER, patients, day=days)
    turned = uniform(KEY, Process.MARKER, patients[::-1], day=days[::-1])
    assert np.array_equal(everybody, turned[::-1, ::-1])
    assert everybody[17_123, 1] == uniform(KEY, Process.MARKER, 17_123, day=1)


def test_seed_trial_patient_process_day_and_draw_each_give_other_numbers():
    other = [
        uniform(KEY, Process.DEATH, 5, day=1, draw=1),
        uniform(Key(20200412, 1), Process.DEATH, 5, day=1, draw=1),
        uniform(Key(20200411, 2), Process.DEATH, 5, day=1, draw=1),
        uniform(KEY, Process.EXTUBATION, 5, day=1, draw=1),
        uniform(KEY, Process.DEATH, 6, day=1, draw=1),
        uniform(KEY, Process.DEATH, 5, day=2, draw=1),
        uniform(KEY, Process.DEATH, 5, day=1, draw=2),
    ]
    assert len({float(x) for x in other}) == len(other)


def test_uniforms_are_uniform_and_open_at_both_ends():
    drawn = uniform(KEY, Process.SEVERITY, np.arange(200_000))
    assert drawn.min() > 0
    assert drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 3 / np.sqrt(12 * drawn.size)
    counts = np.histogram(drawn, bins=100, range=(0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 99 + 4 * np.sqrt(2 * 99)


def test_numbers_of_processes_are_never_changed():
    assert {p.name: p.value for p in Process} == {
        "SEVERITY": 1, "MEASURED_SEVERITY": 2, "DEATH": 3, "EXTUBATION": 4, "DECISION": 5, "FOLLOW_UP": 6,
        "LEAVING": 7, "REINTUBATION": 8, "SITE": 9, "ENTRY": 10, "ARRIVAL": 11, "AGE": 12, "SEX": 13,
        "COMORBIDITY": 14, "BODY": 15, "STEROID": 16, "SAMPLE": 17, "MARKER": 18, "MISSING": 19, "BAG": 20, "LOT": 21,
        "CENTRE": 22, "ERA": 23, "LOSS": 24, "MISCODING": 25, "TEST": 26, "IMPROVEMENT": 27,
        "PARAMETER": 28, "HOST_DEATH": 29, "HOST_CHANGE": 30, "HOST_CAUSE": 31, "HOST_MARKER": 32, "HOST_ASSAY": 33,
        "HOST_DECISION": 34,
        "CALIBRATION": 35, "POSTERIOR": 36, "SINGLE_ARM": 37, "DOSES": 38, "TRANSPORT": 39, "REACTION": 40,
        "ICU_EVENT": 41, "TRANSFER": 42, "SCREENING": 43, "CO_TREATMENT": 44, "RECORD_ERROR": 45, "HOSPITAL_UNIT": 46,
        "HOSPITAL_LIMIT": 47, "VISIT": 48, "IMAGE": 49, "IMAGE_READ": 50,
    }  # fmt: skip


def test_a_seed_outside_64_bits_is_refused():
    with pytest.raises(ValueError, match="seed and trial"):
        uniform(Key(-1, 0), Process.DEATH, 0)


def test_many_trials_at_once_hold_the_bits_of_each_alone():
    patients = np.arange(7)
    many = uniform(Key.of_trials(9, 3, 4), Process.DEATH, patients, day=2)
    assert many.shape == (4, 7)
    for k in range(4):
        assert np.array_equal(many[k], uniform(Key(9, 3 + k), Process.DEATH, patients, day=2))
    wide = normal(Key.of_trials(9, 0, 3000), Process.LEAVING, np.arange(20), draw=1)
    assert np.array_equal(wide[2999], normal(Key(9, 2999), Process.LEAVING, np.arange(20), draw=1))
    last = Key(9, np.array([[2**64 - 1]], dtype=np.uint64))
    assert uniform(last, Process.DEATH, 5)[0, 0] == uniform(Key(9, 2**64 - 1), Process.DEATH, 5)
