import pandas as pd

from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.interpret.summary import summary
from sparse_lightning.interpret.target_paths import TargetPaths


def losses(**values):
    return pd.DataFrame({"variable": list(values), "loss": list(values.values())})


def test_an_autoencoder_keeps_and_loses(textbook):
    mappings = Mappings.of(Structure.of(textbook, "abcdef"))
    given = losses(a=0.2, b=0.05, c=0.5, d=0.9, e=1.2, f=float("nan"))
    assert summary(mappings, given) == ("Keeps b and a; about half of c is lost; e and d are lost.")
    assert summary(mappings, losses(a=0.3, b=0.8)) == (
        "Keeps no column well; about half of a is lost; b is lost."
    )
    assert summary(mappings, losses(**dict.fromkeys("abcdef", 0.1))) == (
        "Keeps a, b, c, d and 2 more."
    )


def test_without_losses_its_codes_tell_what_is_kept(textbook):
    mappings = Mappings.of(Structure.of(textbook, "abcdef"))
    kept = mappings.variables.loc[mappings.variables["kind"].isin(["alone", "shared"])]
    assert set(kept["variable"]) == {"a", "b", "c", "d"}
    assert summary(mappings) == "Keeps a, b, c and d."


def test_a_network_that_predicts_uses_and_ignores(layered):
    structure = Structure.of(layered([[1, 2, 0.1, 0]], [[1]]), "abcd", ["price"])
    expected = "Uses b and a; ignores c and d, or nearly so."
    assert summary(TargetPaths.of(structure)) == expected
    assert summary(ClassPaths.of(structure)) == expected
    empty = Structure.of(layered([[0.0, 0.0]], [[1]]), "ab", ["price"])
    assert summary(TargetPaths.of(empty)) == ("Uses no column, so it says the same of every row.")
