"""Penalties of other packages; the page that shows how is carried out."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import torch
from small_fits import Plain, assert_same, fitted, perceptron

import sparse_lightning as sl
from sparse_lightning.project import Project
from sparse_lightning.project.groups import PATH_LENGTH
from sparse_lightning.regularizers.groups import regularizers_for, training_order
from sparse_lightning.regularizers.registry import installed_class, parse_regularizer
from sparse_lightning.training.grid import replicas_of

pytestmark = [pytest.mark.slow, pytest.mark.long]

PAGE = (Path(__file__).parents[2] / "docs/how-to/add-a-penalty.md").read_text(encoding="utf-8")


def block(kind, number=0):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[number]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a package with entry points on the path, as pip leaves it there."""

    def put(name, entries, module):
        (tmp_path / f"{name}.py").write_text(module, encoding="utf-8")
        metadata = tmp_path / f"{name}-0.1.dist-info"
        metadata.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n"
        (metadata / "METADATA").write_text(text, encoding="utf-8")
        declared = f"[sparse_lightning.penalties]\n{entries}\n"
        (metadata / "entry_points.txt").write_text(declared, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        names.append(name)

    names = []
    yield put
    for name in names:
        sys.modules.pop(name, None)
    installed_class.cache_clear()


@pytest.fixture
def thrifty(install):
    declared = tomllib.loads(block("toml"))["project"]["entry-points"]["sparse_lightning.penalties"]
    entries = "\n".join(f"{symbol} = {value}" for symbol, value in declared.items())
    install("thrifty", entries, block("python"))
    return installed_class("thrifty")


def test_the_example_trains_as_a_callback(thrifty):
    def by_hand(module):
        weights = [p for p in module.parameters() if p.ndim == 2]
        return 0.1 * sum((w**2 / (w**2 + 0.04)).sum() for w in weights)

    module = fitted(Plain(perceptron()), [thrifty(weight=0.1, threshold=0.2)])
    assert_same(module, fitted(Plain(perceptron(), penalty=by_hand)))
    with pytest.raises(sl.RegularizerError, match="has no proximal step"):
        thrifty(0.1, 0.2, proximal=True)


@pytest.mark.slow
def test_the_example_is_used_by_a_project_file(thrifty, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = Project.parse(block("yaml"), ["regularizers.l1_weights=[0.001, 0.003]"])
    assert project.regularizers.grid("thrifty")[1] == {"l1_weight": 0.003, "l1_threshold": 0.2}
    replicas = training_order(replicas_of(project))
    callbacks = regularizers_for(replicas)
    assert [type(one).__name__ for one in callbacks] == ["L1", "HiddenKL", "Thrifty"]
    shown = [
        replicas[number].regularizer for number in range(len(replicas))[callbacks[-1].replicas]
    ]
    assert set(shown) == {"thrifty", "thrifty+KL"}
    small = [
        "training.epochs=5",
        "training.seeds=[1, 2]",
        "training.floor.max_cycles=1",
        "report.bootstrap=20",
    ]
    study = sl.run(Project.parse(block("yaml"), small), tracking_uri=f"sqlite:///{tmp_path}/m.db")
    networks = study.networks
    assert set(networks["regularizer"]) == {"none", "L1", "thrifty", "thrifty+KL"}
    assert not networks["failed"].any()
    assert len(set(networks.loc[networks["group"] == "thrifty", "l1_weight"])) == PATH_LENGTH
    with pytest.raises(sl.ProjectError, match="has the term thrifty, which has no proximal step"):
        Project.parse(block("yaml"), ["regularizers.proximal=true", "training.optimizer=sgd"])


def test_it_joins_the_terms_that_there_are(thrifty):
    assert [term.symbol for term in parse_regularizer("thrifty+KL")] == ["KL", "thrifty"]
    with pytest.raises(sl.RegularizerError, match="did you mean thrifty"):
        parse_regularizer("thrift")
    with pytest.raises(sl.RegularizerError, match="at most one weight term"):
        parse_regularizer("L1+thrifty")


@pytest.mark.parametrize(
    ("name", "module", "message"),
    [
        ("gone", "", "the penalty 'gone' of gone .* cannot be imported"),
        ("plain", "class Own: pass", "must be a subclass of WeightRegularizer or Hidden"),
        (
            "unnamed",
            "import sparse_lightning as sl\nclass Own(sl.WeightRegularizer): pass",
            "must have the attribute symbol = 'unnamed'",
        ),
        (
            "empty",
            "import sparse_lightning as sl\nclass Own(sl.WeightRegularizer):\n    symbol = 'empty'",
            "must have a method value",
        ),
        (
            "greedy",
            "import sparse_lightning as sl\nclass Own(sl.WeightRegularizer):\n"
            "    symbol = 'greedy'\n    takes = ('l1_weight', 'sparsity')",
            "a weight penalty takes l1_weight, and may take l1_threshold",
        ),
    ],
)
def test_what_cannot_be_used_is_explained(install, name, module, message):
    install(name, f"{name} = {name}:Own", module)
    with pytest.raises(sl.RegularizerError, match=message):
        parse_regularizer(name)


def test_a_symbol_of_this_package_stays_its_own(install):
    install("thief", "L1 = thief:Own", "")
    assert parse_regularizer("L1")[0].strengths == ("l1_weight",)
    assert torch.is_tensor(sl.L1(0.1).strengths["weight"])


def test_a_symbol_that_two_packages_declare_is_refused(install):
    install("first", "twice = first:Own", "")
    install("second", "twice = second:Own", "")
    with pytest.raises(sl.RegularizerError, match=r"declared twice: by first .* and second"):
        parse_regularizer("twice")
