"""A whole study of components: tracked, reported, and its networks used."""

import json

import numpy as np
import pandas as pd
import pytest
from studies import COMPONENTS

import sparse_lightning as sl
from sparse_lightning.data.catalog import load_table
from sparse_lightning.report import indices_schema

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wine():
    return load_table(sl.Project.parse(COMPONENTS).table, None).frame


def test_the_report_has_the_section_and_the_figure(components_job):
    jsonschema = pytest.importorskip("jsonschema")
    document = json.loads((components_job.report / "indices.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, indices_schema())
    assert (document["task"], document["corner"]) == ("pca", [12, 1.0])
    page = (components_job.report / "report.html").read_text(encoding="utf-8")
    section = page[page.index("<summary>Components</summary>") :].partition("\n</details>")[0]
    for phrase in ("exact PCA", "SparsePCA", "α = 0.5", "α = 20", "λ = 0.2", "n = 3"):
        assert phrase in section
    assert "Above SparsePCA&#39;s curve by distance from ideal: for n = 1" in section
    assert "How well they classify" not in page
    for ending in ("png", "svg"):
        assert (components_job.report / "figures" / f"components.{ending}").stat().st_size


def test_the_measures_of_the_first_components_are_tracked(components_job):
    networks = components_job.study.networks
    assert len(networks) == 2 + 3 * 2 * 2
    assert not networks["failed"].any()
    np.testing.assert_allclose(networks["connections"], networks["loadings_3"])
    np.testing.assert_allclose(networks["squared_error"], 1 - networks["contribution_3"])
    assert (networks["contribution_1"] <= networks["contribution_2"]).all()
    metrics = components_job.client.get_run(components_job.study.run_id).data.metrics
    floor = networks.loc[networks["group"] == "none", "contribution_3"].max()
    assert floor == pytest.approx(metrics["reference_pca_contribution_3"], abs=0.01)
    assert components_job.study.view().study.references["sparse_pca_0.5_loadings_3"] > 0


def test_a_network_gives_centred_scores_and_rebuilds_the_table(components_job, wine):
    network = components_job.study.network("sL1+decs", l1_weight=0.03, seed=2)
    row = components_job.study.networks.set_index("run_id").loc[network.run_id]
    scores = network.encode(wine)
    assert scores.shape == (len(wine), 3)
    np.testing.assert_allclose(scores.mean(), 0, atol=1e-4)
    rebuilt = network.reconstruct(wine)
    assert list(rebuilt.columns) == list(wine.columns)
    # In the user's units, each about its mean.
    pd.testing.assert_series_equal(rebuilt.mean(), wine.mean(), rtol=1e-4, check_dtype=False)
    inputs, made = (network.encoding.transform(frame) for frame in (wine, rebuilt))
    assert np.square(made - inputs).mean() == pytest.approx(row["squared_error"], rel=1e-3)


def test_the_report_is_written_again_from_the_runs_alone(components_job, tmp_path, blank):
    sl.Study.load(components_job.study.run_id, components_job.uri).write_report(tmp_path)
    for name in ("report.html", "figures/components.png"):
        assert (tmp_path / name).read_bytes() == (components_job.report / name).read_bytes()


def test_a_network_of_components_is_recommended(components_job):
    study = components_job.study
    network = study.recommended
    assert network is not None
    assert network.task == "pca"
    headline, summary = study.answer.splitlines()
    assert " of 12 loadings a component, explains " in headline
    assert summary.startswith("Keeps ")
    assert "the share of all loadings that its networks use" in study.rule
    consensus = study.consensus(network.group, network.settings["l1_weight"])
    assert consensus.networks["seed"].tolist() == [1, 2]
