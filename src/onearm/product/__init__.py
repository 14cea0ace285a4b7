"""What may be done with a living medicine: rules over the history in Records, each event judged at its own time.

Every rule is a function from a `History` (records, rule book, signatures where known) to findings; none raises, none
writes. An app gates an act by the findings that its rows add, `onearm check` and `onearm verify` run the same
rules on everything: `checks.check_product`.
"""
