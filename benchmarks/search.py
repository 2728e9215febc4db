"""How many trials a minute a search makes in batches, against one at a time, and what it finds.

    python benchmarks/search.py [--trials 20] [--batch 20] [--one 2] [--quality 0]

The same trials of the group `sL1+KL` on the wine table, proposed by random sampling and kept in a
SQLite storage, made in three ways:

- `batched`: asked for at once, all their networks trained as one population;
- `one_trial`: by `study.optimize`, each trial's networks trained as one population;
- `one_network`: by `study.optimize`, each network trained by a fit of its own, as a search with
  Lightning would be written without populations.

The floor is known before, and is no part of the times; scoring and Optuna's own work are. With
`--quality N`, besides, the best index that `tpe` in batches and one at a time have found after
`--trials` trials, over N seeds of the sampler. Prints one JSON line.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import optuna
import pandas as pd
import torch

from sparse_lightning import Project
from sparse_lightning.comparison import compare, network_axes, network_points
from sparse_lightning.data.catalog import load_table
from sparse_lightning.project import Group
from sparse_lightning.search.group_study import GroupStudy
from sparse_lightning.search.samplers import quiet_optuna, sampler_of
from sparse_lightning.search.space import setting_of, space_of
from sparse_lightning.search.storage import open_storage
from sparse_lightning.search.trials import Candidate, Floor, Trainer, train_candidates, train_floor
from sparse_lightning.training.preparing import examples_of, facts_of
from sparse_lightning.training.progress import SilentProgress

GROUP = "sL1+KL"


class Bench:
    """One table, one group, one floor."""

    def __init__(self, overrides: list[str], folder: Path):
        text = (
            "{name: bench, table: {source: wine, scale: minmax}, "
            "network: {units: [10], activation: sigmoid}, "
            "training: {epochs: 150, resample: false, refit: false}, "
            "regularizers: {groups: published}}"
        )
        self.overrides = [f"regularizers.groups.{GROUP}={{hidden_weight: 0.1, sparsity: 0.5}}"]
        self.overrides += ["training.accelerator=cpu", "search.sampler=random", *overrides]
        self.text, self.folder = text, folder
        self.project = self.made()
        self.table = load_table(self.project.table, self.project.folder)
        self.examples = examples_of(self.project, self.table)
        facts = facts_of(self.project, self.table, self.examples)
        self.corner = {name: facts[name] for name in ("null_error", "connections_total")}
        seeds = self.project.search_seeds
        self.floor: Floor = train_floor(self.project, self.examples, seeds, SilentProgress())
        self.count = 0

    def made(self, *overrides: str) -> Project:
        return Project.parse(self.text, [*self.overrides, *overrides])

    def batched(self, project: Project) -> tuple[float, float]:
        """Seconds and the best index of a search in batches."""
        self.count += 1
        storage = open_storage(f"sqlite:///{self.folder}/{self.count}.db")
        trainer = Trainer(project, self.examples, **self.corner, floor=self.floor)
        with quiet_optuna():
            study = GroupStudy(storage, "bench", project, self.table.digest, GROUP)
            study.floor = self.floor
            began = time.perf_counter()
            while batch := study.ask(project.search.batch):
                for outcome in trainer(batch, SilentProgress()):
                    study.tell(outcome)
            return time.perf_counter() - began, study.study.best_value

    def one_at_a_time(self, project: Project, networks_apart: bool) -> float:
        """Seconds of `study.optimize`."""
        self.count += 1
        trainer = Trainer(project, self.examples, **self.corner, floor=self.floor)
        space = space_of(project, GROUP)

        def objective(trial: optuna.Trial) -> float:
            point = {
                name: trial.suggest_float(name, bounds.low, bounds.high, log=True)
                for name, bounds in space.items()
            }
            candidate = Candidate(GROUP, trial.number, setting_of(project, GROUP, point))
            if not networks_apart:
                (outcome,) = trainer([candidate], SilentProgress())
                return outcome.values[0]
            return self.score_of(project, candidate)

        storage = open_storage(f"sqlite:///{self.folder}/{self.count}.db")
        with quiet_optuna():
            study = optuna.create_study(storage=storage, sampler=sampler_of(project.search, 0))
            began = time.perf_counter()
            study.optimize(objective, n_trials=project.search.trials)
        return time.perf_counter() - began

    def score_of(self, project: Project, candidate: Candidate) -> float:
        """The index of a candidate whose networks are trained one by one, the floor's left out."""
        from sparse_lightning.nn.autoencoder import Autoencoder
        from sparse_lightning.nn.layers import batched_layer, connections
        from sparse_lightning.nn.population import Optimization
        from sparse_lightning.regularizers.groups import regularizers_for
        from sparse_lightning.regularizers.replica import Replica
        from sparse_lightning.training.fitting import fit
        from sparse_lightning.training.measuring import squared_errors

        rows, setting = self.examples.inputs, candidate.setting
        inputs, units = rows.shape[1], project.network.units[0]
        strengths = setting.model_dump(exclude_none=True, exclude={"l1_weights", "regularizer"})
        found = []
        for weight in setting.l1_weights or ():
            for seed in project.search_seeds:
                replica = Replica(0, GROUP, GROUP, seed, l1_weight=weight, **strengths)
                encoder = batched_layer(inputs, units, "sigmoid", [seed], 0)
                decoder = batched_layer(units, inputs, "sigmoid", [seed], 1)
                module = Autoencoder(
                    encoder,
                    decoder,
                    torch.nn.Sequential(),
                    Optimization(epochs=project.training.epochs),
                )
                regularizers = regularizers_for([replica])
                fit(module, rows, project, regularizers, project.training.batch_size)
                network = torch.nn.Sequential(*encoder, *decoder)
                threshold = project.report.connection_threshold
                found.append(
                    {
                        "group": GROUP,
                        "l1_weight": weight,
                        "seed": seed,
                        "connections": float(connections(network, threshold)[0]),
                        "squared_error": squared_errors(network, rows, rows, 1).mean(),
                        "failed": False,
                    }
                )
        axes = replace(network_axes(self.corner), floor=self.floor.error)
        compared = compare(network_points(pd.DataFrame(found)), axes, resamples=1)
        return float(compared.indices["hypervolume_gap"].iloc[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--one", type=int, default=2, help="trials with each network by itself")
    parser.add_argument("--quality", type=int, default=0, help="over how many sampler seeds")
    parser.add_argument("--set", action="append", default=[], help="as in sparse-lightning run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            [f"search.trials={options.trials}", f"search.batch={options.batch}", *options.set],
            Path(folder),
        )
        # First fits load and tune libraries.
        train_candidates(
            bench.project,
            bench.examples,
            [Candidate(GROUP, 0, Group(regularizer=GROUP, hidden_weight=0.1, sparsity=0.5))],
            [1],
            SilentProgress(),
        )
        trials = options.trials
        seconds, _ = bench.batched(bench.project)
        alone = bench.one_at_a_time(bench.project, networks_apart=False)
        few = bench.made(f"search.trials={options.one}")
        apart = bench.one_at_a_time(few, networks_apart=True)
        rates = {
            "batched": 60 * trials / seconds,
            "one_trial": 60 * trials / alone,
            "one_network": 60 * options.one / apart,
        }
        best = {
            name: [
                bench.batched(
                    bench.made("search.sampler=tpe", f"search.seed={seed}", f"search.batch={batch}")
                )[1]
                for seed in range(options.quality)
            ]
            for name, batch in (("batched", options.batch), ("one_at_a_time", 1))
        }
    settings = bench.project.search
    print(
        json.dumps(
            {
                "benchmark": "search",
                "trials": trials,
                "batch": options.batch,
                "networks_a_trial": settings.markers * len(bench.project.search_seeds),
                "epochs": bench.project.training.epochs,
                "cores": os.cpu_count(),
                "threads": torch.get_num_threads(),
                "trials_a_minute": {name: round(rate, 2) for name, rate in rates.items()},
                "ratio_to_one_trial": round(rates["batched"] / rates["one_trial"], 1),
                "ratio_to_one_network": round(rates["batched"] / rates["one_network"], 1),
                **(
                    {
                        "best_index_mean": {
                            name: round(statistics.mean(values), 4) for name, values in best.items()
                        },
                        "best_index": {
                            name: [round(value, 4) for value in values]
                            for name, values in best.items()
                        },
                    }
                    if options.quality
                    else {}
                ),
            }
        )
    )


if __name__ == "__main__":
    main()
