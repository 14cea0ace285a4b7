"""The verdict of a two-arm report read alone: randomised evidence, or a contrast that was not randomised."""

from onearm.results.study_result import TrialReport, VerdictText


def decide_randomised(trial: TrialReport) -> VerdictText:
    """L4 for a randomised report, whatever it found; L1 for two groups that were not randomised."""
    randomised = trial.level == "randomised"
    dead = f"{trial.treated_dead} of {trial.treated_n} against {trial.control_dead} of {trial.control_n}"
    dead_es = f"{trial.treated_dead} de {trial.treated_n} frente a {trial.control_dead} de {trial.control_n}"
    how, how_es = ("Randomised", "Aleatorizado") if randomised else ("Not randomised", "No aleatorizado")
    lead = f"{how}: {dead} had died; {trial.sentence}."
    lead_es = f"{how_es}: habían muerto {dead_es}; {trial.sentence_es}."
    lay = "Chance decided who was treated, so the two groups can be compared." if randomised else _UNFAIR[0]
    lay_es = "El azar decidió a quién tratar, así que los grupos se pueden comparar." if randomised else _UNFAIR[1]
    return VerdictText(
        level="L4" if randomised else "L1",
        variant="",
        sentence=lead,
        sentence_es=lead_es,
        lead=lead,
        lead_es=lead_es,
        variant_sentence="",
        variant_sentence_es="",
        lay=lay,
        lay_es=lay_es,
        settle="A larger trial, or several read together." if randomised else "A randomised trial.",
        settle_es="Un ensayo mayor, o varios leídos juntos." if randomised else "Un ensayo aleatorizado.",
        caps=(),
        claims={},
    )


_UNFAIR = (
    "Doctors chose who was treated, so the two groups may differ in more than the treatment.",
    "Los médicos eligieron a quién tratar: los grupos pueden diferir en algo más que el tratamiento.",
)
