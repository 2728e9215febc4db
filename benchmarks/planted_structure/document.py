"""The records as a page: which group, which rule and which reading tells the truth."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from planted_structure.cells import cell, markdown_table, share
from planted_structure.judged_page import Records, judged_part, strengths_part
from planted_structure.measures import RULES, Curve, by_group_rule, curves, recommended
from planted_structure.studies import GROUPS
from sparse_lightning.regularizers.replica import SYMBOLS

Tables = list[dict[str, Curve]]
"""The curves of each table, by group."""

HEAD = """# Networks that tell the truth

    python benchmarks/planted.py --tables judging --reference
    python benchmarks/planted.py --tables choosing --study strengths
    python benchmarks/planted.py --tables choosing --study fixed     # --scale equal …
    python benchmarks/planted.py --write

The indices say which regularizer is cheap in connections. Whether its networks tell the truth
about a table is another question. It can be measured where the truth is known: on generated
tables in which six latent factors are each seen by one to four columns, beside columns of noise.
Tables differ in one thing each: noise, rows, correlated factors, columns on two factors, bent
columns, products, one-hot columns, heavy tails, missing values, two hidden layers, or a target
with known effects. `choosing` tables are there to choose by; `judging` tables, drawn by other
seeds, judge what was chosen.

The score is the F1 of memberships. A column belongs to a code when it goes into it and comes out
of it by paths of at least 0.3 of the strongest ([reading](method.md#reading-a-network)); codes are
matched to factors so that F1 is greatest, a code too many or a column of noise counts as wrong,
and the levels of a one-hot column count as the column. Of classifiers and regressors it is the F1
of "this column reaches the output, with this sign". There are five seeds. Intervals hold 95 % of
the means of a bootstrap over the tables.
"""

LIMITS = """## What no index can tell

An index is computed from counts of connections and errors, and both are blind to which columns a
code joins. A smaller area means cheaper, not truer. Nor does agreement prove truth: seeds can
agree on what is wrong, as where two factors are strongly correlated. These tables have no
structure but factors, signs and noise; what holds on them is a reason to prefer a rule, no proof
that it holds on a table whose structure is of another kind.
"""


def document(
    studies: Records,
    before: Records,
    strengths: Records,
    fixed: Records,
    lassonet: Records,
) -> str:
    """The page, in Markdown; of what there are no records nothing is said.

    Args:
        studies: judging tables with all defaults.
        before: the same with the earlier defaults.
        strengths: choosing tables with the defaults and more values of θ and η.
        fixed: choosing tables with values of λ from a closed form.
        lassonet: LassoNet on judging tables with a target.
    """
    parts = [HEAD, *judged_part(studies, before, lassonet)]
    if strengths or fixed:
        parts += ["## What was chosen, on choosing tables\n", *strengths_part(strengths)]
    usual = _complete([one for one in fixed if _usual(one)])
    if usual:
        tables, steps = [curves(one) for one in usual], max(one["steps"] for one in usual)
        parts += [
            "### Groups, rules and scales\n",
            f"On {len(tables)} tables, before there were paths of λ: every group had eleven values "
            "of λ, from fold/2 to fold/2000, the same rows for all seeds, and no refitting. Hidden "
            f"units were tanh, columns scaled to [0, 1], some {steps:,} steps of 64 rows. The knee "
            "is the λ of the least x + y, with x the share of the connections and y the share of "
            "the error's range, from the best error to that without weights, that is lost.\n",
            _settings(fixed),
            *(part(tables) for part in (_by_group, _by_lambda, _by_rule, _by_seed, _votes)),
        ]
    parts += _compared(fixed)
    return "\n".join([*parts, LIMITS])


def _settings(records: Records) -> str:
    """The strengths of the groups that there are records of."""
    found = {group for one in records for group in one["groups"]}
    words = []
    for group, given in GROUPS.items():
        own = [f"{SYMBOLS[name]} {given[name]:g}" for name in SYMBOLS if name in given]
        if group in found and own:
            words.append(f"{group} {', '.join(own)}")
    return f"Strengths: {'; '.join(words)}.\n" if words else ""


def _complete(records: Records) -> Records:
    """The tables with the most groups: means of groups over different tables say nothing."""
    most = max((len(one["groups"]) for one in records), default=0)
    return [one for one in records if len(one["groups"]) == most]


def _usual(record: dict[str, Any]) -> bool:
    return (record["activation"], record["scale"]) == ("tanh", "minmax")


def _groups(tables: Tables) -> list[str]:
    return list(dict.fromkeys(group for table in tables for group in table))


def _of(tables: Tables, group: str, measure: Callable[[Curve], float]) -> list[float]:
    return [measure(table[group]) for table in tables if group in table]


def _by_group(tables: Tables) -> str:
    measures: dict[str, Callable[[Curve], float]] = {
        "best λ": lambda curve: curve.by_lambda()["best"],
        "knee": lambda curve: curve.by_lambda()["knee"],
        "knee, lone noise forgiven": lambda curve: float(curve.forgiving[curve.knee]),
        "best λ, every live path": lambda curve: max(map(np.mean, curve.scores("paths"))),
        "agreement at the knee": lambda curve: curve.agreements["share"],
    }
    reference = _groups(tables)[0]
    rows = [
        (
            np.mean(_of(tables, group, measures["knee"])),
            [
                group,
                *(cell(_of(tables, group, measure)) for measure in measures.values()),
                *(_against(tables, group, reference, rule) for rule in ("best", "knee")),
            ],
        )
        for group in _groups(tables)
    ]
    rows.sort(key=lambda row: -row[0])
    title = (
        "#### Which group\n\nMean F1 of the networks of a group; agreement is Cohen's kappa.\n\n"
    )
    head = ["group", *measures]
    against = [f"{place}, more than {reference}" for place in ("best λ", "knee")]
    return title + markdown_table([*head, *against], [row for _, row in rows])


def _against(tables: Tables, group: str, reference: str, rule: str) -> str:
    """The F1 of a group minus that of another, table by table."""
    if group == reference:
        return "–"
    both = [(one[group], one[reference]) for one in tables if {group, reference} <= set(one)]
    return cell([one.by_lambda()[rule] - other.by_lambda()[rule] for one, other in both])


def _by_lambda(tables: Tables) -> str:
    names = {
        "knee": "knee",
        "enough": "fewest connections with 90 % of the best explained variance",
        "middle": "the middle λ",
    }
    found = [curve.by_lambda() for table in tables for curve in table.values()]
    sizes = np.cumsum([0, *map(len, tables)])
    rows = []
    for rule, name in names.items():
        lost = [one["best"] - one[rule] for one in found]
        per_table = [float(np.mean(lost[a:b])) for a, b in pairwise(sizes)]
        rows.append([name, cell(per_table)])
    title = "#### Which λ\n\nF1 lost against the best λ, mean over the groups of a table.\n\n"
    return title + markdown_table(["rule", "F1 lost"], rows)


def _by_rule(tables: Tables) -> str:
    found = [by_group_rule(table) for table in tables if len(table) > 1]
    rows = [
        [
            rule,
            *(cell([one[rule][name] for one in found]) for name in ("f1", "lost", "correlation")),
        ]
        for rule in RULES
        if found
    ]
    medoids = [recommended(table)["f1"] for table in tables if len(table) > 1]
    title = (
        "#### Which rule for the group\n\nF1 at the knee of the group that a rule chooses, what "
        "that loses against the best group, and Spearman's correlation with F1 over the groups; an "
        "index counts from large to small. Correlations are over the groups whose curves run from "
        "dense to empty.\n\n"
    )
    after = (
        "\nThe recommended network, the medoid at the knee of the group of the greatest agreement "
        f"by mappings, has an F1 of {cell(medoids)}.\n"
    )
    head = ["rule", "F1", "F1 lost", "correlation"]
    return title + markdown_table(head, rows) + after


def _by_seed(tables: Tables) -> str:
    names = {
        "single": "one seed, on average",
        "worst": "the worst seed",
        "medoid": "the medoid",
        "by 3 of 5": "held by at least 3 of 5",
        "by 4 of 5": "held by at least 4 of 5",
    }
    rows = []
    for name, words in names.items():
        means = [
            float(np.mean([curve.by_seed()[name] for curve in table.values()])) for table in tables
        ]
        rows.append([words, cell(means)])
    title = "#### Which seed\n\nF1 at the knee, mean over the groups of a table.\n\n"
    return title + markdown_table(["what is read", "F1"], rows)


def _votes(tables: Tables) -> str:
    rows = []
    for group in _groups(tables):
        found = [table[group].votes() for table in tables if group in table]
        cells = []
        for number in range(1, 6):
            counted = [one.get(number, (0, 0)) for one in found]
            cells.append(share(counted))
        rows.append([group, *cells])
    title = (
        "#### What votes are worth\n\nOf the pairs of columns that so many of the five seeds at "
        "the knee put on one code, the share that sees a common factor.\n\n"
    )
    return title + markdown_table(["group", *(str(number) for number in range(1, 6))], rows)


SETTINGS = (("tanh", "minmax"), ("sigmoid", "minmax"), ("tanh", "standard"), ("tanh", "equal"))


def _compared(records: Records) -> list[str]:
    """Activations and scales, on the tables that have both."""
    found = {(one["table"], one["activation"], one["scale"]): curves(one) for one in records}
    rows = []
    for setting in SETTINGS[1:]:
        both = [name for name, *rest in found if tuple(rest) == setting]
        both = [name for name in both if (name, *SETTINGS[0]) in found]
        if both:
            rows += _differences(found, both, setting)
    if not rows:
        return []
    head = ["instead of tanh, minmax", "group", "best λ", "knee", "F1 at the knee", "tables"]
    return [
        "#### Activation and scale\n\nWhat F1 gains on the same tables, and what it is then at the "
        f"knee.\n\n{markdown_table(head, rows)}"
    ]


def _differences(
    found: dict[tuple[str, str, str], dict[str, Curve]], names: list[str], setting: tuple[str, str]
) -> list[list[str]]:
    rows = []
    for group in _groups([found[name, *setting] for name in names]):
        pairs = [
            (found[name, *SETTINGS[0]][group].by_lambda(), found[name, *setting][group].by_lambda())
            for name in names
            if group in found[name, *SETTINGS[0]] and group in found[name, *setting]
        ]
        if not pairs:
            continue
        gains = [cell([new[rule] - old[rule] for old, new in pairs]) for rule in ("best", "knee")]
        knee = cell([new["knee"] for _, new in pairs])
        rows.append([", ".join(setting), group, *gains, knee, str(len(pairs))])
    return rows
