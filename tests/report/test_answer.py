"""The recommended network and its rule in words, the same in terminal, report and indices.json."""

import re
from dataclasses import replace

import numpy as np
import pytest

from sparse_lightning.interpret.structure import Structure
from sparse_lightning.report import report_html
from sparse_lightning.report.answer import answer, choice, rule
from sparse_lightning.report.view import Reading


def with_agreement(networks, **of_groups):
    """The networks with the same agreement for all seeds of a group."""
    return networks.assign(agreement=networks["group"].map(of_groups).astype(float))


def test_the_network_in_one_line(study_of):
    networks = with_agreement(study_of().study.networks, L1=0.5, sL1=0.917)
    networks["test_explained"] = 0.876
    view = study_of(networks=networks)
    found = view.recommendation
    assert answer(view) == [
        f"{found.x:.6g} of 240 connections, explains {found.explained:.0%} (88 % held out): "
        f"sL1 λ=0.001, seed {found.seed}; seeds agree 0.92".replace("%", " %", 1)
    ]
    assert rule(view).startswith("Of each group the knee: the strength with the least x + y")
    assert "Of the 6 groups the one whose seeds agree most on which columns share" in rule(view)
    assert "of its seeds the one that agrees most with the others" in rule(view)


def test_what_it_does_is_the_second_line(study_of):
    view = study_of()
    structure = Structure.of([np.eye(2), np.eye(2)], "ab")
    reading = Reading("L1", structure, [], None, view.recommendation.run_id, summary="Keeps a.")
    view = replace(view, study=replace(view.study, readings=[reading]))
    assert answer(view)[1:] == ["Keeps a."]


def test_without_agreement_the_rule_says_so(study_of):
    view = study_of()
    assert "seeds agree" not in answer(view)[0]
    assert "the one with the least x + y, since it is not known how far their seeds" in rule(view)
    assert "the one with the smallest error" in rule(view)


def test_one_group_and_one_seed_need_no_choice(study_of):
    text = rule(study_of(groups=("L1",), seeds=1))
    assert text.startswith("The knee of L1: the strength with the least")
    assert text.count(".") == 1


def test_classifiers_are_told_by_what_they_get_right(study_of):
    networks = study_of().study.networks.assign(accuracy=0.85, test_accuracy=0.84)
    line = answer(study_of(networks=networks, task="classifier"))[0]
    assert re.search(r"connections, 85 % right \(84 % held out\), explains \d+ %: L1 λ=", line)


def test_components_are_told_by_their_loadings(study_of):
    line = answer(study_of(components=3))[0]
    assert re.match(r"[\d.]+ of 12 loadings a component, explains \d+ %: ", line)
    assert "the share of all loadings" in rule(study_of(components=3))


def test_why_nothing_is_recommended(study_of):
    networks = study_of().study.networks
    view = study_of(networks=networks.assign(squared_error=0.07))
    assert answer(view) == [rule(view)]
    assert rule(view) == "No network is recommended: unregularized training has learned nothing."
    floor = networks["group"] == "none"
    empty = networks.assign(connections=networks["connections"].where(floor, 0))
    text = "No network is recommended: no network that has connections explains anything."
    assert answer(study_of(networks=empty)) == [text]
    failed = networks.assign(failed=~floor)
    assert answer(study_of(networks=failed)) == [
        "No network is recommended: no regularized network has a result."
    ]


@pytest.mark.parametrize("learned", [True, False])
def test_the_report_answers_in_the_order_of_the_questions(study_of, learned):
    networks = study_of().study.networks
    view = study_of(networks=networks if learned else networks.assign(squared_error=0.07))
    page = report_html(view)
    which = page[page.index('<section id="which">') :].partition("</section>")[0]
    for line in {*choice(view), rule(view)}:
        assert which.count(line) == 1
    if learned:
        says = page[page.index("<h2>What does it say</h2>") :].partition("</section>")[0]
        for line in answer(view):
            assert says.count(line) == 1
    assert ("What does it say" in page) == learned


def test_which_and_how_strong_in_a_sentence(study_of):
    networks = with_agreement(study_of().study.networks, L1=0.5, sL1=0.9)
    assert choice(study_of(networks=networks)) == [
        "Recommended: sL1 λ=0.001, the knee of its curve; of all 6 groups the seeds agree most "
        "there."
    ]
    networks = with_agreement(study_of().study.networks, L1=0.9, sL1=0.9)
    assert choice(study_of(networks=networks))[0].endswith(
        "there and, as much, in sL1; of these it uses and loses least."
    )
    assert choice(study_of())[0].endswith("of all 6 groups it uses and loses least.")
    assert choice(study_of(groups=("L1",))) == ["Recommended: L1 λ=0.001, the knee of its curve."]


def test_where_fewer_connections_are_enough_that_is_said(study_of):
    found = replace(study_of().recommendation, enough={"l1_weight": 0.5})
    view = study_of()
    view.__dict__["recommendation"] = found
    sentence = "90 % of what the best strength of L1 explains takes λ = 0.5 at least, which is not"
    assert choice(view)[1].startswith(sentence)
    assert sentence in rule(view)
