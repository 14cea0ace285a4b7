from onearm.protocol.locks import Act, LockEntry, plan_came_first


def entries(*acts):
    """Entries in order: a pair (protocol, matching) freezes, "read" opens outcomes."""
    found = []
    for seq, act in enumerate(acts, 1):
        if act == "read":
            found.append(LockEntry(seq, "", Act.OPEN_OUTCOMES))
        else:
            values = dict(zip(("protocol_sha256", "matching_sha256"), act, strict=True))
            found.append(LockEntry(seq, "", Act.FREEZE, values))
    return tuple(found)


def test_a_plan_that_was_never_frozen_is_not_located():
    assert plan_came_first((), "p", "m") is None
    assert plan_came_first(entries("read"), "p", "m") is None


def test_a_plan_frozen_before_the_first_reading_came_first():
    assert plan_came_first(entries(("p", "m")), "p", "m") is True
    assert plan_came_first(entries(("p", "m"), "read"), "p", "m") is True
    assert plan_came_first(entries(("p", "old"), ("p", "m"), "read", "read"), "p", "m") is True


def test_a_plan_frozen_after_a_reading_did_not():
    assert plan_came_first(entries("read", ("p", "m")), "p", "m") is False
    assert plan_came_first(entries(("p", "old"), "read", ("p", "m")), "p", "m") is False


def test_another_plan_or_another_matching_is_not_this_one():
    assert plan_came_first(entries(("other", "m"), "read"), "p", "m") is False
    assert plan_came_first(entries(("p", "other"), "read"), "p", "m") is False
