"""What would settle it, and its cost in patients: one sentence in each language."""

from onearm.verdict.level import Said

REDUCTION = 0.25  # relative: what the larger trials of supportive treatments in ventilated patients looked for


def settle(per_arm: int | None, control: float | None, horizon_days: int) -> Said:
    """`per_arm` patients show deaths falling from `control` by a quarter; without them only the kind of study."""
    if per_arm is None or control is None:
        return Said(
            "A randomised trial, every patient followed to the same day.",
            "Un ensayo aleatorizado, con seguimiento de todos hasta el mismo día.",
        )
    before, after = (int(100 * p + 0.5) for p in (control, control * (1 - REDUCTION)))
    return Said(
        f"A randomised trial: about {per_arm} patients per arm to see deaths fall from {before} to {after} in 100, "
        f"everybody followed to day {horizon_days}.",
        f"Un ensayo aleatorizado: unos {per_arm} pacientes por grupo para ver bajar las muertes de {before} a {after} "
        f"de cada 100, con seguimiento de todos hasta el día {horizon_days}.",
    )
