"""How much is assumed: parameters by standing, and how far the risk of death moves with each assumption."""

from onearm.report.drawing import GREY, INK, LIGHT, PAPER, WIDTH, Drawing, wrapped
from onearm.report.hatching import hatched
from onearm.report.scale import Scale
from onearm.report.ward_chart import VIRTUAL
from onearm.results.virtual_figures import AssumptionBar, Tornado, TornadoRow

_NAMES, _ROW, _TOP, _ENDS = 214.0, 26.0, 30.0, 62.0


def assumption_bar(bar: AssumptionBar) -> str:
    """One bar of all parameters: published dark, derived hatched, assumed open and dashed."""
    pen = Drawing(WIDTH, 48)
    total = bar.published + bar.derived + bar.assumed
    x = Scale(0, max(1, total), 1, WIDTH - 1)
    hatch = hatched(pen, "bar-derived", "rising", INK, LIGHT)
    start, told = 0, []
    for name, count, fill in (
        ("published", bar.published, INK),
        ("derived", bar.derived, hatch),
        ("assumed", bar.assumed, PAPER),
    ):
        dashes = "3 2" if name == "assumed" else None
        wide = x.at(start + count) - x.at(start)
        pen.rect(x.at(start), 17, wide, 18, fill=fill, stroke=INK, stroke_width=0.9, stroke_dasharray=dashes)
        said = f"{count} {name}, {count / max(1, total):.0%}"
        left = {"published": x.start, "derived": x.at(start), "assumed": x.end}[name]
        anchor = "end" if name == "assumed" else "start"
        pen.text(left, 46 if name == "derived" else 12, said, bold=True, anchor=anchor)
        told.append(said)
        start += count
    return pen.svg("assumption-bar", f"{VIRTUAL}: of {total} parameters {'; '.join(told)}.", stamp=VIRTUAL)


def tornado(tornado: Tornado) -> str:
    """A bar from the risk at the low end of each range to that at the high end; the widest first."""
    floor = _TOP + _ROW * len(tornado.rows)
    pen = Drawing(WIDTH, floor + 30)
    x = Scale(0, 1, _NAMES + _ENDS, WIDTH - _ENDS)
    pen.text(0, 10, f"risk of death by day {tornado.horizon} with one assumption at either end of its range", bold=True)
    pen.rect(_NAMES + _ENDS, 15, 9, 8, fill=PAPER, stroke=INK)
    pen.text(_NAMES + _ENDS + 13, 23, "low end", fill=GREY)
    pen.rect(_NAMES + _ENDS + 70, 15, 9, 8, fill=INK, stroke=INK)
    pen.text(_NAMES + _ENDS + 83, 23, "high end", fill=GREY)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        pen.line(x.at(share), _TOP, x.at(share), floor, stroke=LIGHT, stroke_width=0.5)
        pen.text(x.at(share), floor + 12, f"{share:.0%}", anchor="middle", fill=GREY)
    for place, row in enumerate(tornado.rows):
        _row(pen, row, tornado.risk, x, _TOP + _ROW * place)
    pen.line(x.at(tornado.risk), _TOP - 2, x.at(tornado.risk), floor, stroke=INK, stroke_width=1.2)
    pen.text(0, floor + 25, f"line: {tornado.risk:.0%}, every value as it is; {_rest(tornado)}", fill=GREY)
    return pen.svg("tornado", _title(tornado), stamp=VIRTUAL)


def _row(pen: Drawing, row: TornadoRow, base: float, x: Scale, top: float) -> None:
    lines = wrapped(f"{row.name} ({row.symbol})", _NAMES)
    for k, line in enumerate(lines[:2]):
        pen.text(0, top + (10 if len(lines) > 1 else 15) + 10.5 * k, line)
    ends = [("low", row.low, row.risk_low, PAPER), ("high", row.high, row.risk_high, INK)]
    known = [(risk, fill) for _, _, risk, fill in ends if risk is not None]
    for reached, fill in sorted(known, key=lambda e: -abs(e[0] - base)):  # the longer one behind
        left, right = sorted((x.at(base), x.at(reached)))
        pen.rect(left, top + 6, max(0.8, right - left), 12, fill=fill, stroke=INK, stroke_width=0.8)
    if not known:
        return
    lowest, highest = min(base, *(r for r, _ in known)), max(base, *(r for r, _ in known))
    left_end = _left_end(row, base)
    for name, value, risk, _ in ends:
        edge, anchor = (x.at(lowest) - 4, "end") if name == left_end else (x.at(highest) + 4, "start")
        pen.text(edge, top + 15, f"{value:g}: {'nobody' if risk is None else f'{risk:.0%}'}", anchor=anchor)


def _left_end(row: TornadoRow, base: float) -> str:
    """Which end of the range is written left of the bar: that of the lower risk."""
    if row.risk_low is None:
        return "low" if row.risk_high is None or row.risk_high >= base else "high"
    return "low" if row.risk_low <= (2 * base - row.risk_low if row.risk_high is None else row.risk_high) else "high"


def _rest(tornado: Tornado) -> str:
    return (
        f"{tornado.persons} people at onset, the same in every row; {tornado.without_effect} assumptions move nothing"
    )


def _title(tornado: Tornado) -> str:
    told = "; ".join(
        f"{r.name} {_risk(r.risk_low)} at {r.low:g}, {_risk(r.risk_high)} at {r.high:g}" for r in tornado.rows
    )
    return (
        f"{VIRTUAL}: risk of death by day {tornado.horizon} is {tornado.risk:.0%}; with one assumption changed: {told}."
    )


def _risk(risk: float | None) -> str:
    return "nobody ventilated" if risk is None else f"{risk:.0%}"
