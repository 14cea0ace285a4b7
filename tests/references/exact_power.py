"""Size and power of the exact risk-set test by plain loops: the reference of `onearm.design`, which it does not import.

    python exact_power.py > exact_power.csv

World: severity U ~ N(0,1); death .0185 e^{.8 U} and extubation .042 e^{-.5 U} per day on the ventilator; treated at
1/wait per day while ventilated; from then on death times HR; leaving hospital 7 e^{.5 N} days after extubation. All are
followed for 28 days. One-sided test at 5 %, events on Z..Z+28.
  separate     n_t treated of one population (wait 25 days), n_c never treated of another
    others     controls: the other population
    caliper    the same, U within 0.2 SD, SD over the distinct control person-days
    later      controls: the other population, and the treated who are treated later
  same_cohort  n_t + n_c persons of one population, so many of them treated on average
    later      controls: everybody not treated up to and on the day
    never      controls: whoever is never treated (conditions on the future)
"""

import math
import sys

import numpy as np

HORIZON, ALPHA, SEED = 28, 0.05, 20201125
NEVER = 10**6
CASES = (  # population, n_t, n_c, hazard ratio, trials
    ("separate", 13, 150, 1.0, 4000),
    ("separate", 40, 150, 1.0, 4000),
    ("separate", 40, 600, 1.0, 2000),
    ("separate", 13, 150, 0.5, 3000),
    ("separate", 13, 600, 0.5, 2000),
    ("separate", 40, 150, 0.5, 2000),
    ("separate", 40, 600, 0.5, 2000),
    ("separate", 40, 600, 0.35, 1000),
    ("separate", 40, 600, 0.2, 1000),
    ("same_cohort", 13, 150, 1.0, 4000),
    ("same_cohort", 40, 150, 1.0, 4000),
    ("same_cohort", 40, 150, 0.5, 1500),
)


def person(rng, wait, ratio):
    """(U, Z, last day ventilated, day of death); NEVER where it does not happen."""
    u = rng.standard_normal()
    death_rate, off_rate = 0.0185 * math.exp(0.8 * u), 0.042 * math.exp(-0.5 * u)
    off = rng.exponential(1 / off_rate)
    treat = rng.exponential(wait) if wait < NEVER else math.inf
    threshold = rng.exponential(1.0)
    death = threshold / death_rate
    if treat < min(death, off):
        if death > treat:
            death = treat + (threshold - treat * death_rate) / (death_rate * ratio)
    else:
        treat = math.inf
    dies = death < off
    z = NEVER if treat == math.inf else int(treat)
    return u, z, int(min(death, off)), int(death) if dies else NEVER


def share_treated(wait):
    """Chance to be treated before death and extubation, by the midpoint rule over U."""
    total, step = 0.0, 0.01
    for k in range(-600, 600):
        u = (k + 0.5) * step
        ends = 0.0185 * math.exp(0.8 * u) + 0.042 * math.exp(-0.5 * u)
        total += step * math.exp(-u * u / 2) / math.sqrt(2 * math.pi) / (1 + wait * ends)
    return total


def wait_for(share):
    low, high = 0.01, 100_000.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if share_treated(middle) > share else (low, middle)
    return low


def p_value(treated, control_lists):
    """P(T <= t) with T a sum of coins D / (m + 1), over the treated with a control."""
    mass, t = [1.0], 0
    for (_, z, _, death), controls in zip(treated, control_lists, strict=True):
        if not controls:
            continue
        own = death <= z + HORIZON
        pi = (own + sum(c[3] <= z + HORIZON for c in controls)) / (len(controls) + 1)
        t += own
        mass = [a * (1 - pi) + b * pi for a, b in zip([*mass, 0.0], [0.0, *mass], strict=True)]
    return sum(mass[: t + 1])


def there(persons, z):
    """Ventilated at the start of day z and not treated up to and on it."""
    return [p for p in persons if p[2] >= z and p[1] > z]


def in_caliper(treated, control_lists):
    days = {(id(c), z) for (_, z, _, _), controls in zip(treated, control_lists, strict=True) for c in controls}
    by_id = {id(c): c[0] for controls in control_lists for c in controls}
    values = [by_id[k] for k, _ in days]
    mean = sum(values) / len(values)
    width = 0.2 * math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return [
        [c for c in controls if abs(c[0] - u) <= width]
        for (u, _, _, _), controls in zip(treated, control_lists, strict=True)
    ]


def trial(rng, population, n_t, n_c, ratio, wait):
    """{rule: p} of one trial."""
    if population == "separate":
        treated = []
        while len(treated) < n_t:
            one = person(rng, wait, ratio)
            if one[1] < NEVER:
                treated.append(one)
        others = [person(rng, NEVER, 1.0) for _ in range(n_c)]
        sets = [there(others, z) for _, z, _, _ in treated]
        later = [there(others, z) + there(treated, z) for _, z, _, _ in treated]
        return {
            "others": p_value(treated, sets),
            "caliper": p_value(treated, in_caliper(treated, sets)),
            "later": p_value(treated, later),
        }
    everybody = [person(rng, wait, ratio) for _ in range(n_t + n_c)]
    treated = [p for p in everybody if p[1] < NEVER]
    never = [p for p in everybody if p[1] == NEVER]
    return {
        "later": p_value(treated, [there(everybody, z) for _, z, _, _ in treated]),
        "never": p_value(treated, [there(never, z) for _, z, _, _ in treated]),
    }


def main():
    print("population,n_treated,n_similar,hazard_ratio,rule,trials,rejected")
    for number, (population, n_t, n_c, ratio, trials) in enumerate(CASES):
        rng = np.random.default_rng([SEED, number])
        wait = 25.0 if population == "separate" else wait_for(n_t / (n_t + n_c))
        rejected = {}
        for _ in range(trials):
            for rule, p in trial(rng, population, n_t, n_c, ratio, wait).items():
                rejected[rule] = rejected.get(rule, 0) + (p <= ALPHA)
        for rule, k in rejected.items():
            print(f"{population},{n_t},{n_c},{ratio},{rule},{trials},{k}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
