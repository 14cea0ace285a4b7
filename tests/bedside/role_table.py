"""Who may do what, as the table of records.md section 4 says it, transcribed by hand: not read from roles.toml."""

ROLES = ("PT", "QC", "QP", "PH", "IN", "NU", "RR", "SP", "MO", "CO", "ST", "AD", "IP")

#: line of the table: one cell per role (u own unit, o own site, a all, - denied), whether it is signed
_TABLE = """
record lot              u - - - - - - - - - - - -
enter test              - u - - - - - - - - - - -
verify test             - u - - - - - - - - - - - signed
release, reject, recall - - u - - - - - - - - - - signed
clear excursion         - - u - - - - - - - - - -
out-of-spec consent     - - u - o - - a - - - - - signed
screen                  - - - - o o - - - - - - -
decide to treat; order  - - - - o - - - - - - - - signed
verify, allocate, issue - - - o - - - - - - - - - signed
pack, ship              u - - o - - - - - - - - -
receive                 - - - o - - - - - - - - -
thaw, count             u - - o - - - - - - - - -
bedside match           - - - - o o - - - - - - - signed
infuse                  - - - - o o - - - - - - -
daily course            - - - - o o - - - - - - -
report adverse event    - - - o o o - - - - - - -
review adverse event    - - - - - - - a - - - - - signed
read images             - - - - - - a - - - - - -
open, close query       - - - - - - - a a a a - -
answer query            u u u o o o a - - - - - -
endorse                 - - - - o - - - - - - - - signed
freeze, unlock          - - - - - - - - - a a - - signed
export frozen data      - - - - - - - - - a a - a
see patient rows        - - - o o o - a a a - - a
see product rows        u u a o o o - a a a - - a
see audit trail         - - u - o - - a a a - a a
trace and recall list   - - a o o - - a a a - - a
create, close account   - - - - - - - - - - - a -
delegate a role         - - - - o - - - - a - - - signed
redact                  - - - - - - - - - a - - a signed
backup, restore         - - - - - - - - - - - a -
"""
#: line of the table -> lines of roles.toml
LINES = {
    "record lot": ("record_lot",),
    "enter test": ("enter_test",),
    "verify test": ("verify_test",),
    "release, reject, recall": ("decide_lot",),
    "clear excursion": ("clear_excursion",),
    "out-of-spec consent": ("consent_out_of_spec",),
    "screen": ("screen",),
    "decide to treat; order": ("decide_to_treat", "order"),
    "verify, allocate, issue": ("verify_order", "allocate", "issue"),
    "pack, ship": ("ship",),
    "receive": ("receive",),
    "thaw, count": ("thaw",),
    "bedside match": ("match",),
    "infuse": ("infuse",),
    "daily course": ("course",),
    "report adverse event": ("report_event",),
    "review adverse event": ("review_event",),
    "read images": ("read_image",),
    "open, close query": ("ask_query",),
    "answer query": ("answer_query",),
    "endorse": ("endorse",),
    "freeze, unlock": ("freeze",),
    "export frozen data": ("export",),
    "see patient rows": ("see_patients",),
    "see product rows": ("see_product",),
    "see audit trail": ("see_audit",),
    "trace and recall list": ("trace",),
    "create, close account": ("manage_accounts",),
    "delegate a role": ("delegate",),
    "redact": ("redact",),
    "backup, restore": (),  # of the command line: no route
}
#: line of roles.toml -> role -> cell: where it says something else, and the decision that says why (018)
OTHERWISE = {
    "clear_excursion": {"QP": "a"},  # the bag is at the hospital by then (decision 017)
    "consent_out_of_spec": {"IN": "a"},  # the decision belongs to the unit, the investigator to a hospital
}
SIGNED_TOO = ("clear_excursion",)  # a bag that was warm goes on to a patient: the qualified person signs (018)
#: lines of roles.toml that the table does not have (decision 018)
_BESIDE = """
hold             u - - o o o - - - - - - -
judge_suggestion - - - - o - - - - - - - -
see_queries      u u u o o o - a a a a - -
read_identified  - - - - - - - - - a - - a
print_labels     u - - o o o - - - - - - -
print_forms      - - - o o o - - - - - - -
see_images       - - - - - - a - - - - - -
see_people       - - - - o - - - a a - a a
specify          - - - - - - - - - a - - -
first_screen     u u a o o o a a a a a a a
"""


def _rows(text):
    for line in text.strip().splitlines():
        words = line.split()
        signed = words[-1] == "signed"
        cells = words[-14:-1] if signed else words[-13:]
        name = " ".join(words[: len(words) - len(cells) - signed])
        yield name, {role: cell for role, cell in zip(ROLES, cells, strict=True) if cell != "-"}, signed


def expected():
    """Line of roles.toml -> (role -> cell, signed), by the table and the decisions."""
    found = {}
    for name, cells, signed in _rows(_TABLE):
        for line in LINES[name]:
            found[line] = ({**cells, **OTHERWISE.get(line, {})}, signed or line in SIGNED_TOO)
    found |= {name: (cells, signed) for name, cells, signed in _rows(_BESIDE)}
    return found
