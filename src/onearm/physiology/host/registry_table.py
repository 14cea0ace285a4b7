"""The registry in words: every parameter on a line, and how much of it is assumed."""

from onearm.physiology.host.parameters import Parameter, ParameterSet, default_parameters

STATEMENT = (
    "No published model joins the kinetics of stromal cells to markers and outcomes of lung failure. This one joins "
    "published pieces with assumptions. It tests methods and designs; it predicts no patient and no benefit."
)
NOT_MODELLED = (
    "Not modelled: coagulation beyond a drive of D-dimer, clearance of virus, immune depression beyond lymphocytes, "
    "embolism."
)


def share_of_assumptions(parameters: ParameterSet | None = None) -> str:
    """One sentence for every output."""
    known = parameters or default_parameters()
    assumed = sum(r.standing == "assumption" for r in known.records)
    return f"{assumed} of {len(known.records)} parameters are assumptions ({known.assumption_share:.0%})."


def registry_table(parameters: ParameterSet | None = None) -> str:
    """Every parameter as a line of a markdown table, after what the model is not."""
    known = parameters or default_parameters()
    lines = [STATEMENT, "", NOT_MODELLED, "", f"{share_of_assumptions(known)} SHA-256 {known.sha256[:12]}.", ""]
    lines += [
        "| symbol | what | value | unit | varies | range | standing | source or rationale |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(r) for r in known.records]
    return "\n".join(lines) + "\n"


def _line(r: Parameter) -> str:
    spread = f"{r.distribution} {r.spread:g}, per {r.level}" if r.varies else "no"
    limits = "" if r.low is None or r.high is None else f"{r.low:g} to {r.high:g}"
    why = "; ".join(text for text in (r.source, r.rationale) if text)
    return f"| {r.symbol} | {r.name} | {r.value:g} | {r.unit} | {spread} | {limits} | {r.standing} | {why} |"
