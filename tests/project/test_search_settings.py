import pytest

from sparse_lightning import Project, ProjectError
from sparse_lightning.address import Address
from sparse_lightning.project.types import LARGEST_SEED


def project(**search):
    return Project(table={"source": "wine"}, network={"units": [4]}, search=search)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (
            {"l1_threshold": {"low": 3, "high": 1}},
            "search.l1_threshold.high must be greater than low, which is 3, got 1",
        ),
        ({"sparsity": {"high": 1}}, "search.sparsity.high must be less than 1, got 1"),
        ({"l1_weight": {"low": 0}}, "search.l1_weight.low must be greater than 0, got 0"),
        (
            {"l1_weight": {"high": 1e300}},
            "search.l1_weight.high must be a number that 32",
        ),
        ({"l1_threshold": {"low": 1e-300}}, "search.l1_threshold.low must be a number that 32"),
        ({"hidden_weight": {"low": 9}}, "search.hidden_weight.high must be greater than low"),
        ({"hidden_weight": 3}, "search.hidden_weight must be a mapping of fields, got 3"),
        ({"trials": 0}, "search.trials must be at least 1, got 0"),
        ({"sampler": "bayes"}, "must be one of [tpe, cmaes, gp, nsga2, nsga3, qmc, random]"),
        ({"objective": "pareto", "pruning": True}, "search.pruning must be false with the"),
        ({"objective": "pareto", "sampler": "cmaes"}, "cmaes minimises one measure"),
        ({"markers": 1}, "search.markers must be at least 2 with the objective hypervolume_gap"),
        ({"pruning": True, "seeds": [9]}, "search.pruning needs at least two seeds"),
        ({"seeds": [7, 5, 2]}, "search.seeds must hold other seeds than training.seeds"),
        ({"trails": 3}, "search.trails is not a known field; did you mean trials?"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_setting_is_named_with_what_is_allowed(search, message):
    with pytest.raises(ProjectError) as caught:
        project(**search)
    assert message in str(caught.value)


def test_shared_seeds_are_named():
    with pytest.raises(ProjectError, match="both hold 2, 5"):
        project(seeds=[7, 5, 2])


def test_one_end_of_bounds_keeps_the_other():
    bounds = project(hidden_weight={"high": 1}).search.hidden_weight
    assert (bounds.low, bounds.high) == (0.0001, 1)


@pytest.mark.parametrize("training", [(1, 2, 3, 4, 5), (LARGEST_SEED,), (0, LARGEST_SEED - 1)])
def test_the_seeds_of_a_search_are_none_of_the_studys(training):
    made = Project(
        table={"source": "wine"}, network={"units": [4]}, training={"seeds": list(training)}
    )
    assert len(set(made.search_seeds)) == 3
    assert not set(made.search_seeds) & set(training)
    assert all(0 <= seed <= LARGEST_SEED for seed in made.search_seeds)


def test_a_password_is_not_written_into_project_files():
    made = project(storage="postgresql://me:secret@host/base")
    assert made.search.storage == Address("postgresql://me:secret@host/base")
    assert "secret" not in f"{made.dump_yaml()} {made!r} {made.search.model_dump_json()}"
    assert Project.parse(made.dump_yaml()) == made


@pytest.mark.parametrize(
    "override",
    [
        "search.storage=[postgresql://me:pW0Rd@h]",
        "search.storage={a: postgresql://me:pW0Rd@h}",
        "search.storage=postgresql://me:pW 0Rd@h\\x1b: [",
        'search.storage="postgresql://me:pW0Rd@h\\n"',
        "search=postgresql://me:pW0Rd@h",
        "search.trials=postgresql://me:pW0Rd@h",
        "postgresql://me:pW0Rd@h",
        "search.storage.x=postgresql://me:pW0Rd@h",
        "search={storage: [http://me:pW0Rd@h]}",
        "name=postgresql://me:pW0Rd@h/db",
    ],
)
def test_no_message_echoes_a_password(override):
    with pytest.raises(ProjectError) as failure:
        Project.parse("table: {source: wine}\nnetwork: {units: [2]}", [override])
    assert "0Rd" not in str(failure.value)


def test_no_message_of_a_file_echoes_a_password():
    for line in (
        "storage: [postgresql://me:pW0Rd@h]",
        "trials: http://me:pW0Rd@h",
        "http://u:pW0Rd@h: 1",
    ):
        with pytest.raises(ProjectError) as failure:
            Project.parse(f"table: {{source: wine}}\nnetwork: {{units: [2]}}\nsearch:\n  {line}")
        assert "0Rd" not in str(failure.value)
