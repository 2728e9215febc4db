import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.mappings import CODE_KINDS, VARIABLE_KINDS, Mappings
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.interpret.torch_modules import structure_of


def by(frame, key):
    return {row[key]: row for row in frame.to_dict("records")}


def test_every_kind_of_code_is_told_from_the_others(textbook):
    mappings = Mappings.of(Structure.of(textbook, "abcdef"))
    codes = by(mappings.codes, "code")
    assert [codes[code]["kind"] for code in range(1, 6)] == [
        "identity",
        "pseudo-identity",
        "mixed",
        "constant",
        "dead",
    ]
    assert codes[2]["fed_by"] == codes[2]["rebuilds"] == ("b", "c")
    assert (codes[3]["fed_by"], codes[3]["rebuilds"]) == (("d",), ("d", "e"))
    assert codes[3]["overlap"] == 0.5
    assert codes[4]["fed_by"] == codes[5]["fed_by"] == ()
    assert list(mappings.codes["kind"]) == sorted(mappings.codes["kind"], key=CODE_KINDS.index)


def test_every_variable_is_followed(textbook):
    mappings = Mappings.of(Structure.of(textbook, "abcdef"))
    variables = by(mappings.variables, "variable")
    assert {name: row["kind"] for name, row in variables.items()} == {
        "a": "alone",
        "b": "shared",
        "c": "shared",
        "d": "shared",
        "e": "ignored",
        "f": "ignored",
    }
    assert variables["b"]["partners"] == ("c",)
    assert variables["d"]["partners"] == ()
    assert variables["e"]["rebuilt_by"] == (3,)
    assert variables["b"]["strength"] == 3 * 2
    # Of one kind, the strongest first.
    assert list(mappings.variables["variable"]) == ["a", "b", "c", "d", "e", "f"]
    assert mappings.feeding.loc[2].tolist() == [0, 3, 2, 0, 0, 0]
    assert mappings.rebuilding.loc[3].tolist() == [0, 0, 0, 1, 0.9, 0]


def test_a_code_can_rebuild_other_variables_than_feed_it(layered):
    structure = Structure.of(layered([[1, 0], [0, 1]], [[0, 0], [1, 0]]), "ab")
    mappings = Mappings.of(structure)
    assert by(mappings.codes, "code")[1]["kind"] == "transfer"
    variables = by(mappings.variables, "variable")
    assert (variables["a"]["kind"], variables["b"]["kind"]) == ("lost", "ignored")


def test_a_variable_can_cross_from_one_code_to_another(layered):
    structure = Structure.of(layered(np.eye(2), [[0, 1], [1, 0]]), "ab")
    mappings = Mappings.of(structure)
    assert set(mappings.variables["kind"]) == {"crossed"}
    assert by(mappings.variables, "variable")["a"]["rebuilt_by"] == (2,)


def test_weak_paths_count_only_where_every_path_does(layered):
    structure = Structure.of(layered([[1.0, 0.2]], [[1.0], [0.2]]), "ab")
    strict, dominant = Mappings.of(structure, share=0), Mappings.of(structure, share=0.3)
    assert list(strict.codes["kind"]) == ["pseudo-identity"]
    assert list(dominant.codes["kind"]) == ["identity"]
    assert by(dominant.variables, "variable")["b"]["kind"] == "faint"
    assert list(Mappings.of(structure, share=0.2).codes["kind"]) == ["pseudo-identity"]


def test_equal_variables_all_count_however_many(layered):
    structure = Structure.of(layered(np.ones((1, 50)), np.ones((50, 1))), [*map(str, range(50))])
    (row,) = Mappings.of(structure, share=1).codes.to_dict("records")
    assert row["kind"] == "pseudo-identity"
    assert len(row["fed_by"]) == 50


def test_the_inputs_of_a_one_hot_variable_are_one(layered):
    groups = (("colour", slice(0, 3)), ("size", slice(3, 4)))
    encoder = [[1.0, -2.0, 0.5, 0], [0, 0, 0, 1]]
    decoder = [[1.0, 0], [-1.0, 0], [0, 0], [0, 2.0]]
    mappings = Mappings.of(Structure.of(layered(encoder, decoder), "rgbs", groups=groups))
    assert list(mappings.codes["kind"]) == ["identity", "identity"]
    assert list(mappings.variables["variable"]) == ["colour", "size"]
    expected = [np.sqrt(1 + 4 + 0.25) * np.sqrt(2), 1 * 2]
    np.testing.assert_allclose(mappings.variables["strength"], expected)


def test_deep_paths_are_half_together_and_half_independent(layered):
    first, second = [[1.0, 0], [2.0, 3.0]], [[2.0, -5.0]]
    decoder = [[1.0], [0]], [[1.0, 0], [0, 1.0]]
    mappings = Mappings.of(Structure.of(layered(first, second, *decoder), "ab", code_layer=2))
    together, independent = (1 * 2 - 2 * 5) ** 2, (1 * 2) ** 2 + (2 * 5) ** 2
    expected = [np.sqrt((together + independent) / 2), 3 * 5]
    np.testing.assert_allclose(mappings.feeding.loc[1], expected)


whole = st.integers(-3, 3).map(float)


@given(st.data(), st.integers(1, 5), st.integers(1, 4), st.sampled_from([0.0, 0.3, 1.0]))
def test_permuting_inputs_permutes_the_mappings(layered, data, inputs, codes, share):
    matrix = st.lists(whole, min_size=inputs * codes, max_size=inputs * codes)
    encoder = np.reshape(data.draw(matrix), (codes, inputs))
    decoder = np.reshape(data.draw(matrix), (inputs, codes))
    order = data.draw(st.permutations(range(inputs)))
    names = [f"v{place}" for place in range(inputs)]
    one = Mappings.of(Structure.of(layered(encoder, decoder), names), share)
    permuted = layered(encoder[:, order], decoder[order])
    other = Mappings.of(Structure.of(permuted, [names[place] for place in order]), share)
    for key in ("code", "variable"):
        rows, others = (by(getattr(each, f"{key}s"), key) for each in (one, other))
        assert rows.keys() == others.keys()
        for name, row in rows.items():
            for column, value in row.items():
                same = others[name][column]
                if isinstance(value, tuple):
                    assert set(value) == set(same)
                else:
                    np.testing.assert_equal(value, same)
    assert set(one.codes["kind"]) <= set(CODE_KINDS)
    assert set(one.variables["kind"]) <= set(VARIABLE_KINDS)


def test_mappings_are_printed_as_tables(textbook):
    text = repr(Mappings.of(Structure.of(textbook, ["a", "b", "c", "d", "e", "f" * 90])))
    assert "pseudo-identity" in text
    assert "b and c" in text
    assert max(map(len, text.splitlines())) < 100


def test_a_trained_network_keeps_the_variables_of_large_variance(wine):
    model, names, rows = wine
    mappings = Mappings.of(structure_of(model, names))
    kept = mappings.variables["kind"].isin(["alone", "shared"]).to_numpy()
    variances = dict(zip(names, rows.var(0).tolist(), strict=True))
    spread = mappings.variables["variable"].map(variances)
    assert 0 < kept.sum() < len(kept)
    assert spread[kept].mean() > spread[~kept].mean()
    assert {"identity", "pseudo-identity"} & set(mappings.codes["kind"])


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_beyond_its_range_is_an_input_error(textbook, share):
    with pytest.raises(InputError, match="share must be in 0…1"):
        Mappings.of(Structure.of(textbook, "abcdef"), share)


def test_a_network_without_codes_has_no_mappings(layered):
    with pytest.raises(InputError, match="no hidden layer"):
        Mappings.of(Structure.of(layered(np.eye(2)), "ab"))
    with pytest.raises(InputError, match="only an autoencoder"):
        Mappings.of(Structure.of(layered(np.eye(2), np.eye(2)), "ab", "xy"))


def test_variables_are_followed_to_the_classes(layered):
    model = layered([[2.0, 0.1, 0, 0], [0, 0, 1.0, 0]], [[1.0, 0], [1.0, 1.0], [0, 0]])
    paths = ClassPaths.of(Structure.of(model, "abcd", ["no", "yes", "never"]))
    assert paths.classes["variables"].tolist() == [("a",), ("a", "c"), ()]
    variables = by(paths.variables, "variable")
    assert {name: row["kind"] for name, row in variables.items()} == {
        "a": "used",
        "b": "faint",
        "c": "used",
        "d": "ignored",
    }
    assert variables["a"]["classes"] == ("no", "yes")
    assert paths.strengths.loc["yes"].tolist() == [2.0, 0.1, 1.0, 0]
