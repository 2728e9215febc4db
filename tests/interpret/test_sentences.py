import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning._text import listed
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.loss import information_loss
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.sentences import describe_autoencoder, describe_classifier
from sparse_lightning.interpret.structure import Structure

NAMES = ["age", "education", "education-num", "hours", "sex", "fnlwgt"]


def losses_of(names, variances, losses):
    inputs = np.array([[-1.0], [1.0]]) * np.sqrt(variances)
    outputs = inputs * (1 - np.sqrt(losses))
    return information_loss(inputs, outputs, [(n, slice(i, i + 1)) for i, n in enumerate(names)])


def test_an_autoencoder_is_told_in_sentences(textbook):
    structure = Structure.of(textbook, NAMES)
    losses = losses_of(NAMES, [6, 5, 4, 3, 2, 1], [0, 0.04, 0.09, 0.16, 0.64, 1])
    assert describe_autoencoder(structure, Mappings.of(structure), losses) == [
        "The network 6-5-6 has 9 connections that count (|w| > 0.01), and 2 more on no path from "
        "an input to an output.",
        "age is kept alone by code 1.",
        "education and education-num share code 2.",
        "hours is kept by code 3, which also rebuilds sex.",
        "sex and fnlwgt are ignored; their variances are the 2 smallest.",
        "sex: its output is guessed from other variables, by code 3.",
        "Code 5 is dead: it reaches no output.",
        "Code 4 is constant: no input reaches it.",
        "The output of fnlwgt is constant.",
        "Least is lost of age (0), education (0.04) and education-num (0.09); most of fnlwgt (1), "
        "sex (0.64) and hours (0.16) (information loss: 0 kept, 1 lost).",
        "Rank correlation of variance and information loss: -1.00 (variables of small variance "
        "lose more).",
        "A variable counts for a code from 30% of the path strength of the variable that is the "
        "strongest there.",
    ]


def test_a_loss_above_1_is_explained(textbook):
    structure = Structure.of(textbook, NAMES)
    losses = losses_of(NAMES, [6, 5, 4, 3, 2, 1], [0, 0.04, 0.09, 0.16, 0.64, 1.4])
    told = describe_autoencoder(structure, Mappings.of(structure), losses)
    assert any(
        sentence.endswith(
            "(information loss: 0 kept, 1 lost; above 1 worse than the mean, as a constant beside "
            "the mean is)."
        )
        for sentence in told
    )


def test_an_ignored_variable_of_large_variance_is_pointed_at(textbook):
    structure = Structure.of(textbook, NAMES)
    losses = losses_of(NAMES, [1, 2, 3, 4, 0.5, 9], [0.5] * 6)
    sentences = describe_autoencoder(structure, Mappings.of(structure), losses)
    assert any(
        "are ignored; their median variance exceeds that of 4 of the 4" in one for one in sentences
    )


def test_without_rows_no_loss_is_told(textbook):
    structure = Structure.of(textbook, NAMES)
    text = " ".join(describe_autoencoder(structure, Mappings.of(structure, share=0)))
    assert "variance" not in text
    assert "when any path" in text


def test_dead_units_of_every_hidden_layer_are_told(layered):
    structure = Structure.of(
        layered(np.zeros((3, 2)), np.ones((1, 3)), [[1.0], [0], [0]], np.ones((2, 3))), "ab"
    )
    text = describe_autoencoder(structure, Mappings.of(structure))
    assert "All 3 units of hidden layer 1 are constant: no input reaches them." in text
    assert "All 1 codes are constant" not in " ".join(text)
    assert "The outputs of a and b are constant." in text


def test_a_network_that_keeps_nothing_says_so(layered):
    structure = Structure.of(layered(np.zeros((1, 2)), np.zeros((2, 1))), "ab")
    losses = losses_of("ab", [1, 2], [1, 1])
    text = describe_autoencoder(structure, Mappings.of(structure), losses)
    assert "a and b are ignored." in text
    assert "Nothing is kept: no information loss is below 0.99 (1 is lost)." in text


def test_a_classifier_is_told_in_sentences(layered):
    model = layered([[2.0, 0.1, 0, 0], [0, 0, 1.0, 0]], [[1.0, 0], [1.0, 1.0], [1.0, 0], [0, 0]])
    structure = Structure.of(model, "abcd", ["no", "yes", "perhaps", "never"])
    assert describe_classifier(structure, ClassPaths.of(structure)) == [
        "The network 4-2-4 has 7 connections that count (|w| > 0.01).",
        "The classes no and perhaps are reached by a.",
        "The class yes is reached by a and c.",
        "The class never is reached by no variable, so it is the same for every row.",
        "b reaches some class, but none with 30% of the strongest there.",
        "d reaches no class.",
        "A variable counts for a class from 30% of the path strength of the variable that is the "
        "strongest there.",
    ]


def test_many_variables_are_counted_and_the_strongest_named(layered):
    weights = np.linspace(1, 2, 61)
    names = [f"column {place}" for place in range(61)]
    structure = Structure.of(layered(weights[None], weights[:, None]), names)
    sentences = describe_autoencoder(structure, Mappings.of(structure))
    assert sentences[1] == (
        "column 60, column 59, column 58, column 57, column 56, column 55 and 55 more share code 1."
    )


hostile = st.text(max_size=60)


@given(st.lists(hostile, min_size=6, max_size=6))
def test_any_name_keeps_to_its_line(textbook, names):
    structure = Structure.of(textbook, names)
    for sentence in describe_autoencoder(structure, Mappings.of(structure)):
        assert len(sentence.splitlines()) == 1
        assert sentence.endswith((".",))


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "a"), (2, "a and b"), (3, "a, b and c"), (4, "a, b and 2 more")],
)
def test_lists_end_in_and(count, text):
    assert listed(list("abcd")[:count], 2) == text
