"""From a study's tracked runs to what its report shows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sparse_lightning.comparison import FLOOR_GROUP, Comparison
from sparse_lightning.comparison.depths import Depth
from sparse_lightning.comparison.markers import front, of_group, records
from sparse_lightning.comparison.recommendation import Lack, Recommendation, recommend
from sparse_lightning.interpret.agreement import Agreement
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.sentences import describe
from sparse_lightning.interpret.summary import summary
from sparse_lightning.interpret.votes import votes
from sparse_lightning.network import Network
from sparse_lightning.page.report import report_document
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import SYMBOLS, find_strength
from sparse_lightning.report import StudyFacts, View
from sparse_lightning.report.choices import chosen_markers
from sparse_lightning.report.residuals import Predictions
from sparse_lightning.report.view import Reading
from sparse_lightning.tracking import Store, StudyRecord
from sparse_lightning.tracking.files import held, read_json, readable
from sparse_lightning.tracking.names import AGREEMENT_FILE, COLUMNS_FILE, REFERENCE
from sparse_lightning.tracking.networks import read_effects, read_losses, read_networks
from sparse_lightning.training import PREDICTIONS

SHOWN = 3
"""How many groups are shown from inside, unless the project names them."""

MOST_INSIDE = 100
"""So many networks a report's page can look into: each is part of the file."""

MOST_WEIGHTS = 1_000_000
"""So many weights the networks have together into which a report's page can look."""


def view_of(
    store: Store, record: StudyRecord, comparison: Comparison, depths: tuple[Depth, ...]
) -> View:
    """The study as its report shows it: its comparison, and those after each stage."""
    project, metrics = record.project, record.metrics
    recommendation = recommend(comparison)
    shown = shown_networks(record, recommendation)
    chosen = [row["network"]["run_id"] for row in chosen_markers(comparison, recommendation)]
    inside = _inside(record, comparison, [*(run_id for _, run_id in shown), *chosen])
    seeds = _seeds(comparison, recommendation)
    run_ids = list(dict.fromkeys([*(run_id for _, run_id in shown), *inside, *seeds]))
    networks = dict(zip(run_ids, read_networks(store, record, run_ids), strict=True))
    agreements = _agreements(store, record.run_id)
    facts = StudyFacts(
        run_id=record.run_id,
        dataset=record.params["dataset"],
        task=project.task,
        rows=int(metrics["rows"]),
        layers=record.layers,
        settings=_settings(project, metrics),
        connection_threshold=project.report.connection_threshold,
        common_weights=not any(
            project.regularizers.own_weights(group) for group in project.regularizers.groups
        ),
        floor_epochs=int(metrics["floor_epochs"]),
        floor_settled=bool(metrics["floor_settled"]),
        networks=record.networks,
        depths=depths,
        references={
            name.removeprefix(REFERENCE): value
            for name, value in metrics.items()
            if name.startswith(REFERENCE)
        },
        readings=[
            _reading(
                store,
                project,
                networks[run_id],
                title,
                agreements.get(run_id),
                [networks[seed] for seed in seeds] if run_id in seeds else [],
            )
            for title, run_id in shown
        ],
        fine_tuned=bool(project.training.fine_tune_epochs),
        columns=_columns(store, record.run_id),
        rows_validation=int(metrics.get("rows_validation", 0)),
        rows_test=int(metrics.get("rows_test", 0)),
        folds=int(metrics.get("folds", 0)),
        rows_held_out=int(metrics.get("rows_held_out", 0)),
        finished=_finished(record),
        input_columns=len(next(iter(networks.values())).encoding.columns) if networks else 0,
        targets=project.table.number_targets,
    )
    return View(
        name=project.report.title or project.name,
        experiment_id=record.experiment_id,
        tracking_ui=store.page,
        comparison=comparison,
        study=facts,
        page=lambda: report_document(
            store,
            project.report.title or project.name,
            record.columns,
            record.networks["run_id"].tolist(),
            [networks[run_id] for run_id in inside],
            project.report.connection_threshold,
            recommendation.run_id if isinstance(recommendation, Recommendation) else None,
        ),
    )


def _inside(record: StudyRecord, comparison: Comparison, shown: Sequence[str]) -> list[str]:
    """Those shown, then a network of each marker: on the front of all groups, then on each
    group's, best first, then the others, so that a click on a marker opens something.

    Of a marker's networks it is the one that agrees most with the others, where none is worth
    looking into the one with the least error.
    """
    points = comparison.points.frame
    points = points.loc[~points["failed"]].sort_values("y", kind="stable")
    best = points.drop_duplicates(["group", "marker"]).set_index(["group", "marker"])["run_id"]
    best.update(comparison.markers.set_index(["group", "marker"])["medoid"].dropna())
    compared = comparison.markers.loc[comparison.markers["group"].isin(comparison.groups)]
    order = comparison.indices["group"]
    fronts = [front(compared), *(front(of_group(compared, group)) for group in order), compared]
    chosen = [
        *shown,
        *(
            str(best.loc[(row["group"], row["marker"])])
            for ordered in fronts
            for row in records(ordered)
        ),
    ]
    weights = sum(inputs * outputs for inputs, outputs in pairwise(record.layers))
    most = min(MOST_INSIDE, MOST_WEIGHTS // weights)
    return list(dict.fromkeys(chosen))[:most]


def _seeds(comparison: Comparison, recommendation: Recommendation | Lack) -> list[str]:
    """The runs of all seeds of the recommended marker that did not fail."""
    if not isinstance(recommendation, Recommendation):
        return []
    points = comparison.points.frame
    mine = (points["group"] == recommendation.group) & (points["marker"] == recommendation.marker)
    return points.loc[mine & ~points["failed"], "run_id"].tolist()


def _finished(record: StudyRecord) -> str:
    """When the last network was tracked; in UTC, since a report is the same on every machine."""
    last = datetime.fromtimestamp(max(record.columns.started) / 1000, UTC)
    return f"{last:%Y-%m-%d %H:%M} UTC"


def _settings(project: Project, metrics: dict[str, float]) -> dict[str, str]:
    settings, training = project.regularizers, project.training
    cycle = f"{training.epochs} epochs a stage, learning rate {training.learning_rate:g}"
    shown = {
        "activation": f"{project.network.activation}, output {project.output_activation}",
        "optimizer": f"{training.optimizer}, {cycle}, batches of {training.batch_size}",
        "schedule": f"the last {training.schedule.tail:.0%} of the epochs at "
        f"{training.schedule.factor:g} of the learning rate",
        "seeds": ", ".join(str(seed) for seed in training.seeds),
        "floor is settled by": f"cycles as long as a stage, from the second on in batches of "
        f"{training.floor.batch_size}, until one lowers the smallest error by less than "
        f"{training.floor.tolerance:.3g} of itself; at most {training.floor.max_cycles}",
    }
    if training.resample:
        shown["samples"] = "each seed has a sample of the rows of its own, as weights on them"
    if training.refit:
        shown["refit"] = "what is left is trained on without penalty for a third as many epochs"
    if training.fine_tune_epochs:
        shown["fine-tuning"] = f"{training.fine_tune_epochs} epochs of all layers together"
    if project.predicts:
        shown["target"] = f"{', '.join(project.table.targets)}, loss {training.loss}"
    folds = project.evaluation.folds
    folds = int(metrics.get("folds", 0)) if folds == "auto" else folds
    if folds:
        shown["held out"] = f"cross-validation in {folds} folds"
    elif project.predicts and "rows_validation" not in metrics:
        shown["held out"] = f"{int(metrics.get('rows_held_out', 0))} rows"
    return shown | {f"group {name}": _strengths(settings.grid(name)) for name in settings.groups}


def shown_networks(
    record: StudyRecord, recommendation: Recommendation | Lack
) -> list[tuple[str, str]]:
    """Titles and run ids of the networks that are shown from inside.

    They are the recommended one, then one of each chosen group, if it did not fail.
    """
    project, networks = record.project, record.networks
    chosen = project.report.structures
    found_networks = []
    if isinstance(recommendation, Recommendation):
        weight = float(recommendation.settings["l1_weight"])
        title = _title(recommendation.group, weight, recommendation.seed)
        found_networks.append((f"{title} (recommended)", recommendation.run_id))
    for group in chosen.groups or list(project.regularizers.groups)[:SHOWN]:
        found = of_group(networks, group)
        if found.empty:
            continue
        weights = sorted(found["l1_weight"].unique())
        weight = chosen.l1_weight if group != FLOOR_GROUP else None
        middle = weights[len(weights) // 2]
        weight = middle if weight is None else find_strength(weight, weights)
        seed = project.training.seeds[0] if chosen.seed is None else chosen.seed
        found = found.loc[
            (found["l1_weight"] == weight) & (found["seed"] == seed) & ~found["failed"]
        ]
        known = {run_id for _, run_id in found_networks}
        if len(found) and (run_id := str(found["run_id"].iloc[0])) not in known:
            found_networks.append((_title(group, float(found["l1_weight"].iloc[0]), seed), run_id))
    return found_networks


def _title(group: str, weight: float, seed: int) -> str:
    return f"{group}, λ = {weight:g}, seed {seed}"


def _agreements(store: Store, run_id: str) -> dict[str, Agreement]:
    if AGREEMENT_FILE not in held(store, run_id, AGREEMENT_FILE):
        return {}
    document = read_json(store, run_id, AGREEMENT_FILE)
    with readable(AGREEMENT_FILE, run_id):
        return {network: Agreement.from_dict(one) for network, one in document.items()}


def _columns(store: Store, run_id: str) -> list[dict[str, Any]]:
    """What was made of each column; nothing of studies that were tracked before this was."""
    if COLUMNS_FILE not in held(store, run_id, COLUMNS_FILE):
        return []
    document = read_json(store, run_id, COLUMNS_FILE)
    with readable(COLUMNS_FILE, run_id):
        fields = ("name", "kind", "why", "inputs", "missing")
        return [{field: one[field] for field in fields} for one in document["columns"]]


def _reading(
    store: Store,
    project: Project,
    network: Network,
    title: str,
    agreement: Agreement | None,
    seeds: Sequence[Network],
) -> Reading:
    """A network from inside; `seeds` are those of its marker, itself among them, or none."""
    threshold = project.report.connection_threshold
    structure, mappings = network.structure(threshold), network.mappings(threshold)
    losses = effects = predictions = None
    if isinstance(mappings, Mappings):
        losses = read_losses(store, network.run_id, structure)
    if network.target is not None:
        effects = read_effects(store, network.run_id)
        predictions = _predictions(store, network.run_id)
    sentences = describe(structure, mappings, losses, effects, components=project.task == "pca")
    structures = {one.seed: one.structure(threshold) for one in seeds}
    kind = "class" if network.task == "classifier" else "target"
    return Reading(
        title,
        structure,
        sentences,
        losses,
        network.run_id,
        agreement,
        predictions,
        summary(mappings, losses),
        votes(structures, network.seed, outputs=kind) if structures else (),
    )


def _predictions(store: Store, run_id: str) -> Predictions | None:
    if PREDICTIONS not in held(store, run_id, PREDICTIONS):
        return None
    stored = read_json(store, run_id, PREDICTIONS)
    with readable(PREDICTIONS, run_id):
        return Predictions.from_dict(stored)


def _strengths(grid: tuple[dict[str, float], ...]) -> str:
    """The strengths of a group in words: `λ 0.0001, 0.001; θ 0.1`."""
    parts = []
    for name, symbol in SYMBOLS.items():
        values = list(dict.fromkeys(setting[name] for setting in grid if name in setting))
        if values:
            parts.append(f"{symbol} " + ", ".join(f"{value:g}" for value in values))
    return "; ".join(parts)
