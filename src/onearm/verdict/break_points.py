"""Where a conclusion breaks, as sentences: open outcomes, drift of the risk, hidden choice."""

from collections.abc import Iterator, Sequence

Both = tuple[str, str]  # English, Spanish


def tipping_sentences(tipping: Sequence[tuple[str, int | None]], unresolved: int) -> Iterator[Both]:
    """How many of the open must die before the count is no longer unusual; comparators that agree in one sentence."""
    groups: dict[int | None, list[str]] = {}
    for name, u in sorted(tipping, key=lambda t: (t[1] is None, t[1])):
        groups.setdefault(u, []).append(name)
    for u, names in groups.items():
        where, where_es = _beside(names)
        if unresolved == 0:
            verb, verb_es = ("is unusual", "es rara") if u is None else ("is not unusual", "no es rara")
            yield f"The count {verb} {where}; nobody is open.", f"La cifra {verb_es} {where_es}; nadie queda abierto."
        elif u is None:
            yield (
                f"Even if all {unresolved} open had died, the count would be unusual {where}.",
                f"Aunque hubieran muerto los {unresolved} abiertos, la cifra sería rara {where_es}.",
            )
        elif u == 0:
            yield (
                f"Even with none of the {unresolved} dead, the count would not be unusual {where}.",
                f"Incluso sin ninguna muerte entre los {unresolved}, la cifra no sería rara {where_es}.",
            )
        else:
            yield (
                f"If {u} of the {unresolved} had died, the count would not be unusual {where}.",
                f"Si hubieran muerto {u} de los {unresolved}, la cifra no sería rara {where_es}.",
            )


def _beside(names: Sequence[str]) -> Both:
    """ "beside the similar cases, libassi2021 or penuelas2021"."""
    told = ["the similar cases" if n == "similar" else n for n in names]
    told_es = ["los casos similares" if n == "similar" else n for n in names]
    return f"beside {_listed(told, 'or')}", f"junto a {_listed(told_es, 'o')}"


def _listed(names: Sequence[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def drift_sentence(dead: int, n: int, theta: float, theta_worst: float | None) -> Both:
    """The risk of similar patients below which the count would not be unusual."""
    low, high = (f"{100 * t:.1f}" for t in (theta, theta_worst if theta_worst is not None else theta))
    more = f"; counting the open as dead, below {high} %" if theta_worst is not None else ""
    more_es = f"; contando los abiertos como muertos, menor de {high} %" if theta_worst is not None else ""
    deaths = "1 death" if dead == 1 else f"{dead} deaths"
    deaths_es = "1 muerte" if dead == 1 else f"{dead} muertes"
    rare = "no sería rara" if dead == 1 else "no serían raras"
    return (
        f"If similar patients' risk were below {low} %, {deaths} of {n} would not be unusual{more}.",
        f"Si el riesgo de pacientes similares fuera menor de {low} %, {deaths_es} de {n} {rare}{more_es}.".replace(
            f"{low} %", f"{low.replace('.', ',')} %"
        ).replace(f"{high} %", f"{high.replace('.', ',')} %"),
    )


def hidden_bias_sentence(gamma_star: float | None, text: str) -> Both:
    """How strong an unrecorded choice would have to be to explain an exact test at .05."""
    if gamma_star is None and text == "none":
        return (
            "Chance alone explains the deaths seen: no hidden choice is needed.",
            "El azar basta para explicar las muertes vistas: no hace falta ningún sesgo oculto.",
        )
    told = text if gamma_star is None else f"{gamma_star:.1f}"
    told_es = told.replace(">", "más de ").replace(".", ",")
    told = told.replace(">", "more than ")
    return (
        f"If something unrecorded made survivors {told} times likelier to be chosen, chance would explain the rest.",
        f"Si algo no registrado hiciera a los supervivientes {told_es} veces más elegibles, bastaría el azar.",
    )
