"""Write networks read at several thresholds, which the page's own reading is tested against."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.effects import effects_document, effects_from
from sparse_lightning.interpret.layout import layout
from sparse_lightning.interpret.loss import information_loss
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.sentences import (
    describe_autoencoder,
    describe_classifier,
    describe_regressor,
)
from sparse_lightning.interpret.structure import Moments, Structure
from sparse_lightning.interpret.target_paths import TargetPaths
from sparse_lightning.weights import layers_of

FOLDER = Path(__file__).parent / "fixtures" / "inside"

THRESHOLDS = (0.0, 0.01, 0.1, 0.3, 0.55, 0.8, 5.0)


def network(widths: list[int], density: float, seed: int, dtype: torch.dtype) -> nn.Sequential:
    """Sparse weights of many sizes; one value is 0.1 to test a threshold that a weight equals."""
    numbers = np.random.default_rng(seed)
    layers: list[nn.Module] = []
    for above, below in pairwise(widths):
        linear = nn.Linear(above, below, dtype=dtype)
        sizes = numbers.normal(size=(below, above)) * (numbers.random((below, above)) < density)
        sizes.flat[0] = 0.1
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(sizes.round(6)))
            linear.bias.copy_(torch.from_numpy(numbers.normal(size=below).round(6)))
        layers += [linear, nn.Sigmoid()]
    return nn.Sequential(*layers)


def textbook() -> nn.Sequential:
    """A 6-5-6 autoencoder with a code of each kind."""
    encoder = [
        [2.0, 0, 0, 0, 0, 0],
        [0, -3.0, 2.0, 0, 0, 0],
        [0, 0, 0, 1.5, 0, 0.001],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1.0, 0, 0],
    ]
    decoder = [
        [1.0, 0, 0, 0, 0],
        [0, 2.0, 0, 0, 0],
        [0, -1.0, 0, 0, 0],
        [0, 0, 1.0, 0, 0],
        [0, 0, 0.9, 0.7, 0],
        [0, 0, 0, 0, 0],
    ]
    model = network([6, 5, 6], 1.0, 0, torch.float32)
    with torch.no_grad():
        for layer, weight in zip(model[::2], (encoder, decoder), strict=True):
            layer.weight.copy_(torch.tensor(weight))
    return model


def rows(frame: Any, columns: list[str]) -> list[dict[str, Any]]:
    """Rows as JSON has them."""
    return json.loads(frame[columns].to_json(orient="records", double_precision=15))


def document(model: nn.Sequential, names: list[str], **how: Any) -> dict[str, Any]:
    """A network as `api/networks/RUN` gives it, and what is read in it at each threshold."""
    groups = how.get("groups")
    weights = [layer.weight for layer in layers_of(model)]
    structures = [
        Structure.of(
            weights, names, how.get("outputs"), groups, threshold, moments=how.get("moments")
        )
        for threshold in THRESHOLDS
    ]
    first = structures[0]
    losses = None
    if first.is_autoencoder:
        numbers = np.random.default_rng(9)
        inputs = numbers.random((64, len(names))) * np.linspace(0.2, 1.0, len(names))
        outputs = inputs * numbers.random(len(names))
        inputs[:, -1] = 0.5
        losses = information_loss(inputs, outputs, first.groups)
    effects = effects_from(how["effects"]) if "effects" in how else None
    readings = [reading(structure, losses, effects) for structure in structures]
    other = "classify" if effects is None else "regressor"
    return {
        "detail": {
            "run_id": "r",
            "name": how.get("name", "network"),
            "params": {},
            "metrics": {},
            "study": None,
            "task": "sae" if first.is_autoencoder else other,
            "code_layer": first.code_layer,
            "layers": [
                {"units": list(units), "activation": "sigmoid" if layer else None}
                for layer, units in enumerate(first.names)
            ],
            "variables": [
                {"name": name, "inputs": list(range(part.start, part.stop))}
                for name, part in first.groups
            ],
            "moments": first.moments.to_dict() if first.moments else None,
            "weights": [weight.astype(float).tolist() for weight in weights],
            "biases": [layer.bias.detach().tolist() for layer in model[::2]],
            # One that no reading is at, so that the page must read for itself.
            "threshold": 0.02,
            "connections": 0,
            "connections_total": sum(weight.size for weight in first.weights),
            "dead_units": [],
            "sweep": None,
            "losses": None if losses is None else rows(losses, ["variable", "loss", "variance"]),
            "effects": None if effects is None else effects_document(effects),
            "codes": None,
            "variables_read": None,
            "sentences": [],
        },
        "readings": readings,
    }


def reading(structure: Structure, losses: Any, effects: Any) -> dict[str, Any]:
    """What Python reads at one threshold."""
    found: dict[str, Any] = {
        "threshold": structure.threshold,
        "connections": structure.connections,
        "weights": [np.argwhere(weight).tolist() for weight in structure.weights],
        "fed": [layer.tolist() for layer in structure.fed],
        "dead_units": [(~layer).tolist() for layer in structure.alive],
        "layout": places(structure),
    }
    if structure.is_autoencoder:
        mappings = Mappings.of(structure)
        found["codes"] = rows(mappings.codes, ["code", "kind", "fed_by", "rebuilds"])
        columns = ["variable", "kind", "feeds", "rebuilt_by", "partners"]
        found["variables_read"] = rows(mappings.variables, columns)
        found["sentences"] = describe_autoencoder(structure, mappings, losses)
    elif effects is not None:
        targets = TargetPaths.of(structure)
        found["classes"] = rows(
            targets.targets.rename(columns={"target": "class"}), ["class", "variables"]
        )
        found["variables_read"] = rows(targets.variables, ["variable", "kind"])
        found["sentences"] = describe_regressor(structure, targets, effects)
    else:
        paths = ClassPaths.of(structure)
        found["classes"] = rows(paths.classes, ["class", "variables"])
        found["variables_read"] = rows(paths.variables, ["variable", "kind"])
        found["sentences"] = describe_classifier(structure, paths)
    return found


def places(structure: Structure) -> dict[str, Any]:
    """Where the diagram for print puts everything: rows, and columns as parts of the width."""
    plan = layout(structure)
    return {
        "columns": (plan.columns / plan.columns[-1]).tolist(),
        "rows": [rows.tolist() for rows in plan.rows],
        "connections": [[one.layer, one.source, one.target, one.width] for one in plan.connections],
        "labels": plan.labels,
        "blocks": [[[b.name, b.top, b.bottom] for b in blocks] for blocks in plan.blocks],
    }


def fixtures() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of every file."""
    short, long = torch.float32, torch.float64
    yield "textbook", document(textbook(), ["age", "education", "years", "hours", "sex", "fnlwgt"])
    wide = [f"measurement {place} of the mean temperature, °C" for place in range(1, 13)]
    yield "sparse", document(network([12, 10, 8, 10, 12], 0.2, 1, short), wide)
    yield "double", document(network([4, 2, 4], 0.9, 2, long), list("abcd"))
    levels = ["age", "sex=f", "sex=m", "job=a", "job=b", "job=c", "pay"]
    variables = [
        ("age", slice(0, 1)),
        ("sex", slice(1, 3)),
        ("job", slice(3, 6)),
        ("pay", slice(6, 7)),
    ]
    shares = np.array([0.02, 0.4, 0.6, 0.2, 0.3, 0.5, 0.05])
    moments = Moments(shares, np.where([1, 0, 0, 0, 0, 0, 1], 0, shares))
    model = network([7, 4, 3, 4, 7], 0.45, 3, short)
    yield "levels", document(model, levels, groups=variables, moments=moments)
    yield (
        "classes",
        document(
            network([9, 6, 4, 3], 0.3, 4, short),
            [f"x{place}" for place in range(1, 10)],
            outputs=["low", "middle", "high"],
        ),
    )
    yield (
        "numbers",
        document(
            network([7, 5, 2], 0.4, 6, short),
            levels,
            groups=variables,
            moments=moments,
            outputs=["price, €", "size"],
            effects=list(effects()),
        ),
    )


def effects() -> Iterator[dict[str, Any]]:
    """Effects of the columns of the network `numbers`, one of which is not finite."""
    numbers = np.random.default_rng(11)
    changes = [
        ("age", None, None),
        ("sex", "m", "f"),
        ("job", "b", "a"),
        ("job", "c", "a"),
        ("pay", None, None),
    ]
    for target in ("price, €", "size"):
        for variable, level, reference in changes:
            effect = round(100 * float(numbers.normal()), 1)
            missing = (target, variable) == ("size", "age")
            yield {
                "target": target,
                "variable": variable,
                "level": level,
                "reference": reference,
                "effect": None if missing else effect,
            }


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in fixtures():
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
