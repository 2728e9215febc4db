"""The answer of a study in words: which network to take, what it does, and how it was chosen.

Terminal, report, `indices.json` and Python say it by these functions.
"""

import math

from sparse_lightning._text import listed, number, percent
from sparse_lightning.comparison.axes import VALIDATION
from sparse_lightning.comparison.knees import ENOUGH
from sparse_lightning.comparison.recommendation import Recommendation
from sparse_lightning.interpret.summary import headline, named
from sparse_lightning.report.choices import HELD_OUT, RIGHT_HELD_OUT, number_of
from sparse_lightning.report.view import Reading, StudyFacts, View
from sparse_lightning.report.wording import settings_in_words

LACKS = {
    "results": "no regularized network has a result",
    "learning": "unregularized training has learned nothing",
    "connections": "no network that has connections explains anything",
}


def answer(view: View) -> list[str]:
    """The recommended network in two lines, or why there is none in one; empty without a study."""
    if view.study is None or view.recommendation is None:
        return []
    if not isinstance(view.recommendation, Recommendation):
        return [f"No network is recommended: {LACKS[view.recommendation]}."]
    reading = recommended_reading(view)
    summary = [reading.summary] if reading and reading.summary else []
    return [_headline(view, view.study, view.recommendation), *summary]


def rule(view: View) -> str:
    """How the recommended network was chosen, or why there is none; empty without a study."""
    if view.study is None or view.recommendation is None:
        return ""
    if not isinstance(view.recommendation, Recommendation):
        return answer(view)[0]
    return _rule(view.study, view.recommendation)


def choice(view: View) -> list[str]:
    """Which regularizer and how strong, in a sentence or two, or why none; empty without a study.

    `rule` says the same at length.
    """
    if view.study is None or view.recommendation is None:
        return []
    found = view.recommendation
    if not isinstance(found, Recommendation):
        return answer(view)
    why = "the knee of its curve"
    if found.groups > 1:
        why += f"; of all {found.groups} groups {_first(found)}"
    return [f"Recommended: {named(found.group, found.settings)}, {why}.", *_enough(found)]


def _first(found: Recommendation) -> str:
    """What the recommended group has over the others."""
    if not found.by_agreement:
        return "it uses and loses least"
    if not found.level:
        return "the seeds agree most there"
    level = listed(found.level)
    return f"the seeds agree most there and, as much, in {level}; of these it uses and loses least"


def recommended_reading(view: View) -> Reading | None:
    """The recommended network as the report shows it from inside."""
    if view.study is None or not isinstance(view.recommendation, Recommendation):
        return None
    run_id = view.recommendation.run_id
    return next((one for one in view.study.readings if one.run_id == run_id), None)


def _headline(view: View, study: StudyFacts, found: Recommendation) -> str:
    row = study.network(found.run_id)
    rows = VALIDATION if view.chosen_by_validation else ""
    classifier = study.task == "classifier"
    size_and_worth = headline(
        found.x,
        view.comparison.corner[0],
        found.explained,
        per_component=study.task == "pca",
        right=row.get(f"{rows}accuracy") if classifier else None,
        held_out=number_of(row, HELD_OUT),
        right_held_out=number_of(row, RIGHT_HELD_OUT),
    )
    agree = "" if math.isnan(found.agreement) else f"; seeds agree {number(found.agreement, 2)}"
    return f"{size_and_worth}: {named(found.group, found.settings)}, seed {found.seed}{agree}"


def _rule(study: StudyFacts, found: Recommendation) -> str:
    counts = "loadings" if study.task == "pca" else "connections"
    knee = (
        f"the strength with the least x + y, x the share of all {counts} that its networks use, y "
        "the share of what there is to explain that they lose, means over the seeds"
    )
    says = (
        "which columns reach which output, and with which sign"
        if study.task in ("classifier", "regressor")
        else "which columns share a code"
    )
    if found.by_agreement:
        which = f"of the {found.groups} groups the one whose seeds agree most on {says}"
    else:
        unknown = "since it is not known how far their seeds agree"
        which = f"of the {found.groups} groups the one with the least x + y, {unknown}"
    if found.groups == 1:
        of_groups = f"The knee of {found.group}: {knee}."
        which = ""
    else:
        of_groups = f"Of each group the knee: {knee}."
    seeds = study.networks.loc[study.networks["group"] == found.group, "seed"].nunique()
    network = (
        "of its seeds the one that agrees most with the others"
        if not math.isnan(found.agreement)
        else "of its seeds the one with the smallest error"
    )
    choice = "; ".join([*([which] if which else []), *([network] if seeds > 1 else [])])
    sentences = [of_groups, *([f"{choice[0].upper()}{choice[1:]}."] if choice else [])]
    return " ".join([*sentences, *_enough(found)])


def _enough(found: Recommendation) -> list[str]:
    """That the sparsest network which is good enough lies elsewhere on the curve, where it does."""
    if found.enough is None:
        return []
    return [
        f"{percent(ENOUGH)} of what the best strength of {found.group} explains takes "
        f"{settings_in_words(found.enough)} at least, which is not near the knee: look at both."
    ]
