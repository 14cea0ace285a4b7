"""What else may happen after the index day, and how the estimand handles it: the events, defaults, what is allowed."""

from collections.abc import Iterator
from dataclasses import dataclass

from onearm.protocol.study import Intercurrent, Protocol, Strategy

#: Strategies that ask for a world or a group nobody observed: never the primary answer.
SENSITIVITY_ONLY: tuple[Strategy, ...] = ("hypothetical", "principal_stratum")
_OTHERS: tuple[Strategy, ...] = ("composite", "while_on_treatment", *SENSITIVITY_ONLY)


@dataclass(frozen=True, slots=True)
class IntercurrentEvent:
    """One event every protocol answers for. `default` is what the primary analysis does, and the only thing it does."""

    id: str
    title: str
    title_es: str
    default: Strategy
    meaning: str  # the default in words
    meaning_es: str
    sensitivity: tuple[Strategy, ...] = _OTHERS


_COUNTED = ("follow-up goes on and what comes later counts", "el seguimiento sigue y cuenta lo que venga después")

EVENTS: tuple[IntercurrentEvent, ...] = (
    IntercurrentEvent(
        "death",
        "death from any cause",
        "muerte por cualquier causa",
        "composite",
        "part of the primary endpoint, whatever the cause",
        "parte del desenlace principal, sea cual sea la causa",
        ("while_on_treatment",),  # nobody dead has a marker or a day off the ventilator
    ),
    IntercurrentEvent(
        "extubation",
        "extubation",
        "extubación",
        "treatment_policy",
        "no end: a death after it still counts",
        "no es un final: una muerte posterior cuenta",
    ),
    IntercurrentEvent("reintubation", "reintubation", "reintubación", "treatment_policy", *_COUNTED),
    IntercurrentEvent("ecmo", "ECMO", "ECMO", "treatment_policy", *_COUNTED),
    IntercurrentEvent(
        "withdrawal_of_care",
        "withdrawal of care",
        "limitación del esfuerzo terapéutico",
        "treatment_policy",
        "a death after it counts like any other",
        "una muerte posterior cuenta como cualquier otra",
    ),
    IntercurrentEvent(
        "transfer",
        "transfer to another hospital",
        "traslado a otro hospital",
        "treatment_policy",
        "followed on; whoever is lost is unresolved, counted against the treatment",
        "se sigue; quien se pierde queda sin resolver y cuenta contra el tratamiento",
    ),
    IntercurrentEvent(
        "later_dose",
        "later doses",
        "dosis posteriores",
        "treatment_policy",
        "the strategy begins with the first dose; later ones only reach survivors and change nothing",
        "la estrategia empieza con la primera dosis; las siguientes solo llegan a supervivientes y no cambian nada",
    ),
    IntercurrentEvent(
        "corticosteroid", "rescue corticosteroid", "corticoide de rescate", "treatment_policy", *_COUNTED
    ),
    IntercurrentEvent("tocilizumab", "rescue tocilizumab", "tocilizumab de rescate", "treatment_policy", *_COUNTED),
    IntercurrentEvent(
        "other_trial", "entry into another trial", "entrada en otro ensayo", "treatment_policy", *_COUNTED
    ),
)
_BY_ID = {event.id: event for event in EVENTS}


@dataclass(frozen=True, slots=True)
class Handling:
    """How one event is handled: its primary strategy, whether the study file says so, and sensitivity strategies."""

    event: IntercurrentEvent
    strategy: Strategy
    stated: bool  # False: the study file is silent, the default is taken
    sensitivity: tuple[Strategy, ...]


def handlings(protocol: Protocol) -> tuple[Handling, ...]:
    """Every event of EVENTS in order, with the default where `[[intercurrent]]` is silent."""
    found = []
    for event in EVENTS:
        rows = [i for i in protocol.intercurrent if i.event == event.id]
        primary = next((i for i in rows if i.role == "primary"), None)
        more = tuple(i.strategy for i in rows if i.role == "sensitivity")
        found.append(Handling(event, primary.strategy if primary else event.default, primary is not None, more))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with one `[[intercurrent]]`: which of them, at which key, the sentence and what to do."""

    place: int
    key: str
    sentence: str
    remedy: str


def misfits(protocol: Protocol) -> Iterator[Misfit]:
    """Unknown events (remedy empty: the reader of the file knows what was meant), strategies not allowed, doubles."""
    seen = set[tuple[str, str, str]]()
    for k, row in enumerate(protocol.intercurrent):
        event = _BY_ID.get(row.event)
        if event is None:
            yield Misfit(k, "event", f'event = "{row.event}" is no intercurrent event.', "")
            continue
        key = (row.event, row.role, row.strategy if row.role == "sensitivity" else "")
        if key in seen:
            yield Misfit(k, "event", f"{row.event} stands twice as {row.role}.", "Keep one.")
        seen.add(key)
        yield from _strategy(k, row, event)


def _strategy(k: int, row: Intercurrent, event: IntercurrentEvent) -> Iterator[Misfit]:
    if row.role == "primary" and row.strategy != event.default:
        why = "is for sensitivity only" if row.strategy in SENSITIVITY_ONLY else "is not what the primary analysis does"
        also = ', or add role = "sensitivity".' if row.strategy in event.sensitivity else "."
        told = f'{row.event}: strategy = "{row.strategy}" {why}.'
        yield Misfit(k, "strategy", told, f'Write strategy = "{event.default}"{also}')
    elif row.role == "sensitivity" and row.strategy not in event.sensitivity:
        told = f'{row.event}: "{row.strategy}" cannot be its sensitivity strategy.'
        yield Misfit(k, "strategy", told, f"Use {' or '.join(event.sensitivity)}, or remove it.")
