"""Agreement of seeds and the recommended network, from training to what is told of them."""

import json
import re
import shutil
import sqlite3
from datetime import UTC, datetime
from html import unescape
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import cohen_kappa_score
from studies import working_in

from sparse_lightning import InputError, Study
from sparse_lightning.cli import main
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.votes import votes
from sparse_lightning.report.answer import choice
from sparse_lightning.report.choices import choices
from sparse_lightning.report.trust import badges
from sparse_lightning.tracking import names

pytestmark = pytest.mark.slow

FACTORS = """\
name: factors
table: {source: factors.csv}
network: {units: [4], activation: tanh}
training:
  {epochs: 60, learning_rate: 0.05, seeds: [1, 2, 3], accelerator: cpu, floor: {max_cycles: 1}}
regularizers:
  l1_weights: [0.0003, 0.002, 0.5]
  groups: {L1: {}, sL1: {l1_threshold: 0.3}}
report: {bootstrap: 20}
"""

PREDICTED = """\
name: predicted
task: TASK
table: {source: factors.csv, target: TARGET}
network: {units: [3], activation: tanh}
training:
  {epochs: 40, learning_rate: 0.05, seeds: SEEDS, accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.0005, 0.005], groups: {L1: {}}}
report: {bootstrap: 20}
"""


def factors(rows=500):
    """Six columns, two of each of three factors, and two targets."""
    generator = np.random.default_rng(4)
    hidden = generator.normal(size=(rows, 3))
    columns = {
        f"{'abc'[place // 2]}{place % 2}": hidden[:, place // 2] + 0.3 * generator.normal(size=rows)
        for place in range(6)
    }
    value = hidden[:, 0] - hidden[:, 1]
    return pd.DataFrame({**columns, "value": value, "kind": np.where(value > 0, "up", "down")})


@pytest.fixture(scope="module")
def job(tmp_path_factory, make_job):
    folder = tmp_path_factory.mktemp("factors")
    factors().drop(columns=["value", "kind"]).to_csv(folder / "factors.csv", index=False)
    return make_job(folder, FACTORS)


def share_a_code(network, threshold=0.01, share=0.3):
    """Yes or no for every pair of columns, from the mappings."""
    mappings = network.mappings(threshold, share)
    assert isinstance(mappings, Mappings)
    partners = dict(
        zip(mappings.variables["variable"], mappings.variables["partners"], strict=True)
    )
    return [one in partners[other] for one, other in combinations(sorted(partners), 2)]


@pytest.mark.parametrize(("metric", "share"), [("agreement", 0.3), ("agreement_paths", 0.0)])
def test_every_network_has_its_mean_kappa_with_the_other_seeds(job, metric, share):
    found = 0
    for group in ("L1", "sL1"):
        for weight in (0.0003, 0.002, 0.5):
            networks = job.study.networks_at(group, weight)
            answers = [share_a_code(network, share=share) for network in networks]
            tracked = job.study.networks.set_index("run_id")[metric]
            for place, network in enumerate(networks):
                others = [
                    cohen_kappa_score(answers[place], other)
                    for number, other in enumerate(answers)
                    if number != place and len({*answers[place], *other}) > 1
                ]
                expected = np.mean(others) if others else np.nan
                np.testing.assert_allclose(tracked[network.run_id], expected, atol=1e-12)
                found += bool(others)
    assert found >= 6


def test_the_recommended_network_follows_the_rule(job):
    study = job.study
    networks = study.networks.loc[study.networks["group"] != "none"]
    total, null_error = study.comparison.corner
    floor = study.comparison.floor
    means = networks.groupby(["group", "l1_weight"], sort=False)[
        ["connections", "validation_squared_error", "agreement"]
    ].mean()
    y = means["validation_squared_error"]
    means["sum"] = means["connections"] / total + (y - floor) / (null_error - floor)
    means = means.loc[(means["connections"] > 0) & (y < null_error)].reset_index()
    at_knee = means.loc[means.groupby("group")["sum"].idxmin()].set_index("group")
    indices = study.indices.set_index("group")["agreement"]
    np.testing.assert_allclose(indices, at_knee["agreement"].reindex(indices.index))
    best = at_knee.sort_values(["agreement", "sum"], ascending=[False, True]).iloc[0]
    seeds = networks.loc[
        (networks["group"] == best.name) & (networks["l1_weight"] == best["l1_weight"])
    ]
    medoid = seeds.sort_values(
        ["agreement", "validation_squared_error"], ascending=[False, True]
    ).iloc[0]
    network = study.recommended
    assert network is not None
    assert (network.run_id, network.group, network.seed) == (
        medoid["run_id"],
        best.name,
        medoid["seed"],
    )
    assert network.settings["l1_weight"] == best["l1_weight"]
    assert network.explained == pytest.approx(1 - medoid["validation_squared_error"] / null_error)


def test_its_run_has_a_tag_and_the_document_names_it(job):
    tag = f"tags.`{names.RECOMMENDED}` = 'true'"
    experiment = job.client.get_run(job.study.run_id).info.experiment_id
    (run,) = job.client.search_runs([experiment], tag)
    document = json.loads((job.report / "indices.json").read_text())
    recommended = document["recommended"]
    assert run.info.run_id == job.study.recommended.run_id == recommended["run_id"]
    assert recommended["marker"] == {"l1_weight": job.study.recommended.settings["l1_weight"]}
    assert recommended["rule"] == job.study.rule
    agreements = {group["group"]: group["agreement"] for group in document["groups"]}
    assert agreements == job.study.indices.set_index("group")["agreement"].to_dict()
    medoids = [
        marker["medoid"]
        for group in document["groups"]
        for marker in group["markers"]
        if group["group"] == recommended["group"] and marker["marker"] == recommended["marker"]
    ]
    assert medoids == [recommended["run_id"]]


def test_it_is_shown_first_and_told_first(job):
    first = job.study.view().study.readings[0]
    assert first.run_id == job.study.recommended.run_id
    assert first.title.endswith("(recommended)")
    headline, summary = job.study.answer.splitlines()
    assert summary == first.summary
    assert str(job.study).startswith(f"{headline}\n{summary}\n")
    assert job.study.describe().startswith(f"{headline}\n{summary}\nThe network 6-4-6 has ")
    page = (job.report / "report.html").read_text()
    headings = ["Which, how strong, at what cost", "What does it say", "Can I trust it", "The rest"]
    assert re.findall("<h2>(.*?)</h2>", page) == headings
    said = page[page.index("<h2>What does it say</h2>") :].partition("<h2>Can I trust it</h2>")[0]
    assert said.index(headline.replace("'", "&#39;")) < said.index("<img ")
    assert said.index(summary) < said.index("<img ")
    given = ["--study", job.study.run_id, "--tracking-uri", job.uri]
    given += ["--output", str(job.folder / "again")]
    result = CliRunner().invoke(main, ["report", *given])
    assert result.stdout.splitlines()[:2] == [headline, summary]


def test_a_notebook_shows_the_same_in_the_same_words(job):
    view = job.study.view()
    shown = job.study._repr_html_()
    read = " ".join(unescape(re.sub("<[^>]*>", " ", shown.partition("</style>")[2])).split())
    said = [*choice(view), *job.study.answer.splitlines(), *(b.sentence for b in badges(view))]
    places = [read.index(sentence) for sentence in said]
    assert places == sorted(places)
    assert shown.count("<img ") == 1
    assert all(vote.sentence in read for vote in view.study.readings[0].votes)
    assert "<script" not in shown


def test_a_network_says_what_it_is(job):
    network = job.study.recommended
    first, second = str(network).splitlines()
    headline = job.study.answer.splitlines()[0]
    assert headline.startswith(first.partition(":")[0].partition(" (")[0])
    assert first.endswith(f"seed {network.seed}")
    assert second.startswith("Keeps ")
    shown = network._repr_html_()
    assert type(shown) is str
    assert f"<p>{first}</p>" in shown
    assert shown.count("<img ") == 1
    for sentence in network.describe().splitlines():
        assert sentence in unescape(shown)


def test_its_statements_have_the_votes_of_all_seeds(job):
    reading = job.study.view().study.readings[0]
    network = job.study.recommended
    seeds = job.study.networks_at(network.group, **network.settings)
    structures = {one.seed: one.structure() for one in seeds}
    assert list(reading.votes) == votes(structures, network.seed)
    assert {vote.seeds for vote in reading.votes} == {len(seeds)}
    assert all(not one.votes for one in job.study.view().study.readings[1:])


def test_the_head_says_when_the_networks_were_tracked(job):
    finished = job.study.view().study.finished
    last = max(run.info.start_time for run in job.children) / 1000
    assert finished == datetime.fromtimestamp(last, UTC).strftime("%Y-%m-%d %H:%M UTC")
    assert f"finished {finished}" in (job.report / "report.html").read_text()


def test_every_network_to_choose_can_be_looked_into(job):
    view = job.study.view()
    inside = view.page()["networks"]
    assert {one.run_id for one in choices(view)} <= set(inside)
    page = (job.report / "report.html").read_text()
    for one in choices(view):
        link = "#says" if one.recommended else f"#open={one.run_id}"
        assert f'<a href="{link}">' in page


@pytest.mark.parametrize("by", ["id", "name"])
def test_of_a_study_it_is_what_is_exported(job, by, tmp_path):
    name = job.study.run_id if by == "id" else "factors"
    given = ["export", name, "--tracking-uri", job.uri, "--output", str(tmp_path / "model")]
    with working_in(job.folder):
        result = CliRunner().invoke(main, given)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"run: {job.study.recommended.run_id}"
    assert lines[1:3] == job.study.answer.splitlines()
    assert lines[3].startswith("network: ")
    assert (tmp_path / "model" / "MLmodel").exists()


def test_a_consensus_has_the_votes_of_the_seeds(job):
    networks = job.study.networks_at("L1", 0.002)
    consensus = job.study.consensus("L1", l1_weight=0.002)
    counted = np.sum([share_a_code(network) for network in networks], axis=0)
    assert sorted(consensus.statements["votes"]) == sorted(counted[counted > 0].tolist())
    assert set(consensus.majority["votes"]) <= {2, 3}
    assert consensus.networks["seed"].tolist() == [1, 2, 3]
    tracked = job.study.networks.set_index("run_id")["agreement"]
    np.testing.assert_allclose(
        consensus.networks["agreement"], [tracked[network.run_id] for network in networks]
    )
    assert repr(consensus).startswith("L1, λ = 0.002: what most of 3 seeds say")
    with pytest.raises(InputError, match=r"L1: say which l1_weight: one of \[0.0003, 0.002, 0.5"):
        job.study.consensus("L1")


def test_studies_that_tracked_no_agreement_still_load(job, tmp_path):
    shutil.copy(job.folder / "mlflow.db", tmp_path)
    with sqlite3.connect(tmp_path / "mlflow.db") as store:
        for table in ("metrics", "latest_metrics"):
            store.execute(f"DELETE FROM {table} WHERE key LIKE 'agreement%'")
    with working_in(job.folder):
        study = Study.load(job.study.run_id, f"sqlite:///{tmp_path}/mlflow.db")
        assert study.indices["agreement"].isna().all()
        assert study.recommended is not None
        assert "since it is not known how far their seeds agree" in study.rule
        page = study.write_report(tmp_path / "report")
    document = json.loads((page.parent / "indices.json").read_text())
    assert document["recommended"]["agreement"] is None
    assert {group["agreement"] for group in document["groups"]} == {None}


@pytest.mark.parametrize(
    ("task", "target", "seeds"), [("classifier", "kind", [1]), ("regressor", "value", [1, 2])]
)
def test_networks_that_predict_are_recommended_too(task, target, seeds, tmp_path, make_job):
    frame = factors(300).drop(columns={"value", "kind"} - {target})
    frame.to_csv(tmp_path / "factors.csv", index=False)
    text = PREDICTED.replace("TASK", task).replace("TARGET", target)
    study = make_job(tmp_path, text.replace("SEEDS", str(seeds))).study
    with working_in(tmp_path):
        network = study.recommended
        assert network is not None
        headline, summary = study.answer.splitlines()
        assert summary.startswith("Uses ")
        assert (" right (" in headline) == (task == "classifier")
        consensus = study.consensus("L1", l1_weight=0.0005)
        assert list(consensus.statements.columns) == [
            "column",
            "output",
            "effect",
            "votes",
            "seeds",
        ]
        known = study.networks.get("agreement", pd.Series(np.nan, study.networks.index))
        assert known.isna().all() == (len(seeds) == 1)
        if task == "regressor":
            votes = consensus.statements.set_index(["column", "effect"])["votes"]
            assert votes["a0", "raises"] == votes["b0", "lowers"] == 2
