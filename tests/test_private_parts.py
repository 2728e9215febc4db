"""Other packages' inner parts are used in one module each, and only those that are known."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sparse_lightning"

PLACES = {
    "tracking/_mlflow.py": {
        "_AUTOLOGGING_GLOBALLY_DISABLED",
        "_GENERATOR_NOUNS",
        "_GENERATOR_PREDICATES",
        "_MLFLOW_SGI_NAME",
        "_find_validator",
        "_get_artifact_repo_mlflow_artifacts",
        "_get_dialect",
        "_get_model_registry_store",
        "_get_proxied_run_artifact_destination_path",
        "_get_sqlalchemy_filter_clauses",
        "_get_tracking_store",
        "_initialize_tables",
        "_is_servable_proxied_run_artifact_root",
        "_load",
        "_tracking_client",
        "_validate_batch_log_data",
        "_validate_model_name",
    },
    "nn/_lightning.py": {
        "_call_and_handle_interrupt",
        "_fit_impl",
        "_lightning_module",
        "_skip_backward",
    },
    "nn/_torch.py": {
        "_backward_hooks",
        "_backward_pre_hooks",
        "_base",
        "_forward_hooks",
        "_forward_pre_hooks",
        "_step_supports_amp_scaling",
        "_tensor_name",
    },
    "search/_optuna.py": set(),
}
"""The private names in each such module; a new one is to be added here."""

INNER = {
    "tracking/_mlflow.py": {
        "mlflow.server",
        "mlflow.store.db",
        "mlflow.store.tracking",
        "mlflow.tracking.fluent",
        "mlflow.utils.autologging_utils",
        "mlflow.utils.name_utils",
        "mlflow.utils.rest_utils",
        "mlflow.utils.search_utils",
        "mlflow.utils.validation",
        "ManagedSessionMaker",
        "sanitize_metric_value",
    },
    "nn/_lightning.py": {
        "pytorch_lightning.trainer.call",
        "pytorch_lightning.trainer.states",
        "batch_progress",
        "epoch_loop",
        "fit_loop",
        "manual_optimization",
    },
    "search/_optuna.py": {"trial_user_attributes", "alembic_version"},
}
"""What is undocumented without being private by its name: modules, attributes and tables."""

DOCUMENTED = {"_exit", "_get_current_object", "mlflow.server.app"}
"""Names that look like inner parts, but are in the documentation of their packages: Python's,
werkzeug's and MLflow's."""

MODULES = {file.relative_to(PACKAGE).as_posix(): file for file in PACKAGE.rglob("*.py")}


def private_names(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """The private names in a module's code, with whether each is of `self` or `cls`."""
    for name, of_self in names(tree):
        for part in name.split("."):
            if re.match(r"_[^_]", part):
                yield part, of_self


def names(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """The attributes and imports of other packages, with whether each is of `self` or `cls`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                yield name, True
            case ast.Attribute(attr=name):
                yield name, False
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr" | "setattr"),
                args=[_, ast.Constant(value=str(name)), *_],
            ):
                yield name, False
            case ast.Import(names=imported):
                yield from ((one.name, False) for one in imported if not is_own(one.name))
            case ast.ImportFrom(module=str(module), names=imported) if not is_own(module):
                yield from ((f"{module}.{one.name}", False) for one in imported)


def is_own(module: str) -> bool:
    return module.partition(".")[0] == "sparse_lightning"


def defined_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name


def foreign_private_names(sources: dict[str, str]) -> dict[str, set[str]]:
    """What is private and not defined in its file; of `self`, not in the whole package either."""
    trees = {place: ast.parse(source) for place, source in sources.items()}
    everywhere = {name for tree in trees.values() for name in defined_names(tree)}
    foreign = {}
    for place, tree in trees.items():
        here = set(defined_names(tree))
        foreign[place] = {
            name
            for name, of_self in private_names(tree)
            if name not in (everywhere if of_self else here)
        }
    return foreign


def inner_parts(source: str, known: set[str]) -> set[str]:
    """The undocumented parts among those known that a module's code names."""
    tree = ast.parse(source)
    words = {
        word
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in node.value.split()
    }
    used = {name for name, _ in names(tree)} - DOCUMENTED | words
    return {part for part in known for name in used if f"{name}.".startswith(f"{part}.")}


def test_private_names_of_other_packages_are_used_where_they_are_known():
    sources = {place: file.read_text() for place, file in MODULES.items()}
    found = foreign_private_names(sources)
    assert {place: found.pop(place) for place in PLACES} == PLACES
    elsewhere = {place: used - DOCUMENTED for place, used in found.items()}
    assert {place: used for place, used in elsewhere.items() if used} == {}


@pytest.mark.parametrize("place", INNER)
def test_undocumented_parts_are_used_in_one_module(place):
    found = {
        other: inner_parts(file.read_text(), INNER[place])
        for other, file in MODULES.items()
        if other != place
    }
    assert {other: used for other, used in found.items() if used} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import other\nother._part()",
        "import other._part",
        "from other import _part",
        "from other._part import public",
        "getattr(other, '_part', None)",
        "other._part = 1",
        "class Own(Base):\n    def public(self):\n        self._part()",
    ],
)
def test_a_private_name_of_another_package_is_found(source):
    assert foreign_private_names({"one": source}) == {"one": {"_part"}}


def test_a_name_is_not_taken_for_own_because_another_file_has_it():
    sources = {"one": "other._part()", "two": "def _part(): ..."}
    assert foreign_private_names(sources) == {"one": {"_part"}, "two": set()}
    assert foreign_private_names({"one": "\n".join(sources.values())}) == {"one": set()}


def test_a_private_module_of_this_package_is_its_own():
    assert foreign_private_names({"one": "from sparse_lightning._text import x"}) == {"one": set()}


@pytest.mark.parametrize(
    "source",
    [
        "import other.inner",
        "from other import inner",
        "from other.inner import public",
        "from other.inner.deep import public",
    ],
)
def test_an_undocumented_module_is_found(source):
    assert inner_parts(source, {"other.inner"}) == {"other.inner"}


@pytest.mark.parametrize("source", ["trainer.inner.x", "getattr(x, 'inner')", "q('SELECT inner')"])
def test_an_undocumented_attribute_or_table_is_found(source):
    assert inner_parts(source, {"inner"}) == {"inner"}
    assert inner_parts(source.replace("inner", "innermost"), {"inner"}) == set()
