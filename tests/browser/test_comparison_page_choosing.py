"""What the page compares: chosen by its user, kept in the address."""

import re

import pytest
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from page_opening import loaded, said_in, table
from page_store import MODELS
from playwright.sync_api import expect
from studies import GROUPS

from sparse_lightning.tracking import names

pytestmark = [pytest.mark.slow, pytest.mark.long]

LEGEND = ".legend-entry bdi"


def test_a_study_is_chosen_and_the_address_says_so(opener, served):
    page = opener.open()
    expect(page.locator(".empty")).to_have_text("Choose an experiment or a study.")
    page.get_by_role("group", name="Studies").get_by_label("wine-small").check()
    expect(page).to_have_url(opener.address(study=served.study))
    expect(page).to_have_title("wine-small – Pareto comparison")
    assert page.locator(LEGEND).all_text_contents() == ["unregularized", *GROUPS]
    expect(page.locator("#comparison")).to_contain_text("26 of 26 runs selected")
    page.go_back()
    expect(page.locator(".empty")).to_have_text("Choose an experiment or a study.")
    page.go_forward()
    expect(page.locator(LEGEND)).to_have_count(7)


def test_foreign_runs_are_proposed_fitting_axes(opener, served):
    page = opener.open()
    page.get_by_label("Search by name").fill("CHURN")
    expect(page.locator(".choices label")).to_have_count(1)
    page.get_by_role("group", name="Experiments").get_by_role("checkbox").check()
    expect(page.get_by_label("x metric", exact=True)).to_have_value("latency_ms")
    expect(page.get_by_label("y metric", exact=True)).to_have_value("accuracy")
    expect(page.get_by_label("y metric: smaller")).to_have_value("max")
    assert sorted(page.locator(LEGEND).all_text_contents()) == sorted(MODELS)
    expect(page.locator("#comparison")).to_contain_text("27 of 27 runs selected")
    expect(page.locator(".notes")).to_contain_text("1 run without a value of both metrics is left")
    expect(page.locator(".plot-hint")).to_contain_text("Click a run to open it in MLflow.")
    expect(page.locator(".head")).to_contain_text("churn models")
    expect(page).to_have_title("churn models – Pareto comparison")
    # Three kinds of model at three depths, each over three seeds.
    expect(page.locator(".curves .marker")).to_have_count(9)
    indices = table(page, "indices")
    assert indices[0][0] == "boosted trees"
    assert {row[1] for row in indices} == {"9"}


def test_runs_are_filtered_as_in_mlflow(opener, served):
    page = opener.open(study=served.study)
    opener.allowed.append("status of 400")
    field = page.get_by_label("Filter, as in MLflow")
    field.fill("params.seed = '1' and metrics.connections > 90")
    page.get_by_role("button", name="Apply").click()
    runs = served.runs
    seeds, connections = runs["params"]["seed"], runs["metrics"]["connections"]
    meant = sum(
        seeds["levels"][code] == "1" and size > 90
        for code, size in zip(seeds["codes"], connections, strict=True)
    )
    expect(page.locator("#comparison")).to_contain_text(f"{meant} of {meant} runs selected")
    field.fill("metrics.connections >>> 90")
    page.get_by_role("button", name="Apply").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("What is shown was loaded before.")
    expect(alert).to_contain_text("Invalid comparator '>>>'")
    expect(page.locator("#comparison")).to_contain_text(f"{meant} of {meant} runs selected")
    field.fill("params.seed = 'no such'")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".empty")).to_have_text("No run meets this.")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#comparison")).to_contain_text("26 of 26 runs selected")
    assert "filter" not in said_in(page.url)


def test_the_address_holds_the_whole_view(opener, served):
    """Another reader with the address sees the same; Back undoes step by step."""
    page = opener.open(experiment=served.foreign.experiment)
    page.get_by_label("x metric", exact=True).select_option("memory_mb")
    page.get_by_label("x metric: smaller").select_option("max")
    axis = page.get_by_role("group", name="x metric")
    # The markers crowd at its low end.
    expect(axis.get_by_label("logarithmic")).to_be_checked()
    axis.get_by_label("logarithmic").uncheck()
    page.get_by_label("Group by").select_option("params.max_depth")
    marker = page.get_by_role("group", name="Same setting")
    marker.get_by_label("params.max_depth").uncheck()
    marker.get_by_label("params.model").check()
    page.get_by_label("Ordered by").select_option("area_axis")
    page.get_by_role("button", name="4", exact=True).click()
    page.get_by_label("accuracy from").fill("0.68")
    page.get_by_label("accuracy from").press("Enter")
    page.get_by_label("Colours").select_option("safe")
    expect(page).to_have_url(re.compile("palette=safe"))
    said = said_in(page.url)
    assert said["x"] == ["memory_mb"]
    assert said["x_direction"] == ["max"]
    assert said["marker"] == ["params.model"]
    assert said["linear"] == ["x"]
    assert said["hide"] == ["4"]
    assert said["index"] == ["area_axis"]
    assert len(said["region"][0].split(",")) == 4

    def seen(one):
        texts = [one.locator("#comparison").inner_text()]
        texts += [field.input_value() for field in one.locator("select, .brush-field input").all()]
        return texts, [path.get_attribute("d") for path in one.locator(".curves path").all()]

    other = opener.open()
    other.goto(page.url)
    expect(other.locator(".curves .marker").first).to_be_visible()
    loaded(other)
    assert seen(other) == seen(page)
    page.reload()
    expect(page.locator(".curves .marker").first).to_be_visible()
    loaded(page)
    assert seen(page) == seen(other)
    page.go_back()
    expect(page.get_by_role("group", name="Same setting").get_by_label("model")).not_to_be_checked()
    page.go_back()
    expect(page.get_by_role("group", name="Same setting").get_by_label("depth")).to_be_checked()
    page.go_back()
    expect(page.get_by_label("Group by")).to_have_value("params.model")


def test_a_logarithm_draws_at_the_edge_what_has_none(opener, served):
    page = opener.open(
        study=served.study, x="connections", y="params.seed", group="params.group", log="y"
    )
    expect(page.locator("#comparison")).to_contain_text("26 of 26 runs selected")
    zero = opener.open(
        experiment=served.harmful.experiment, x="size", y="params.seed", group="params.seed"
    )
    zero.get_by_role("group", name="y metric").get_by_label("logarithmic").check()
    expect(zero.locator(".caption")).to_contain_text("1 run at 0 is drawn at the edge.")
    expect(zero.locator("#comparison")).to_contain_text("5 of 5 runs selected")
    zero.get_by_role("button", name="As proposed").click()
    expect(zero.get_by_label("y metric", exact=True)).to_have_value("error")


@pytest.fixture
def tracked(served):
    """Tracks more runs, of which it gives the ids, and takes them away again."""
    made = []

    def track(experiment, name="", status="FINISHED", params=(), metrics=(), tags=()):
        run_id = served.client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id
        made.append(run_id)
        for key, value in dict(params).items():
            served.client.log_param(run_id, key, value)
        for key, value in dict(metrics).items():
            served.client.log_metric(run_id, key, value)
        if status != "RUNNING":
            served.client.set_terminated(run_id, status)
        return run_id

    yield track
    for run_id in made:
        served.client.delete_run(run_id)


def track_study(served, tracked, status="FINISHED"):
    """A study of another table, as its networks are tracked; the id of its run."""
    study = tracked(
        served.client.get_run(served.study).info.experiment_id,
        "elsewhere",
        status,
        {"task": "sae", "dataset": "other", "layers": "5-2-5"},
        {"rows": 100.0, "null_error": 1.0, "connections_total": 20.0},
        {names.KIND: names.STUDY},
    )
    for group, weight, x, y in (
        ("none", 0.0, 20.0, 0.1),
        ("L1", 0.1, 10.0, 0.5),
        ("L1", 0.01, 18.0, 0.2),
        ("sL1", 0.1, 12.0, 0.6),
    ):
        track_network(served, tracked, study, group, weight, 1, x, y)
    return study


def track_network(served, tracked, study, group, weight, seed, x, y):
    tracked(
        served.client.get_run(study).info.experiment_id,
        f"{group} {weight} {seed}",
        params={"group": group, "regularizer": group, "l1_weight": weight, "seed": seed},
        metrics={"connections": x, "squared_error": y},
        tags={names.KIND: names.NETWORK, MLFLOW_PARENT_RUN_ID: study},
    )


def test_studies_of_different_tables_are_not_joined(opener, served, tracked):
    """Small multiples and a table of group and study, without a joint verdict."""
    other = track_study(served, tracked)
    page = opener.open(study=[served.study, other])
    expect(page.locator(".multiple figcaption strong")).to_have_text(["wine-small", "elsewhere"])
    expect(page.locator(".warning")).to_contain_text("no joint verdict")
    heads = page.locator("section[aria-labelledby=indices] thead th").all_text_contents()
    assert heads == ["Group", "wine-small", "elsewhere"]
    cells = {row[0]: row[1:] for row in table(page, "indices")}
    assert cells["L1"][0] != "–"
    assert cells["sL1+KL"][1] == "–"
    expect(page.locator("section[aria-labelledby=indices]")).not_to_contain_text("best")
    expect(page).to_have_title("wine-small, elsewhere – Pareto comparison")


def test_a_running_study_says_so(opener, served, tracked):
    other = track_study(served, tracked, status="RUNNING")
    page = opener.open()
    entry = page.get_by_role("group", name="Studies").locator("label", has_text="elsewhere").first
    expect(entry).to_contain_text("running")
    shown = opener.open(study=other)
    expect(shown.locator(".badge")).to_have_text("running")
    expect(shown.locator(".state")).to_contain_text("this is what is there of it")
    # What it has meanwhile appears by itself.
    runs = shown.locator("#comparison").get_by_text("4 of 4 runs selected", exact=True)
    expect(runs.first).to_be_visible()
    track_network(served, tracked, other, "L1", 0.1, 2, 15.0, 0.4)
    later = shown.locator("#comparison").get_by_text("5 of 5 runs selected", exact=True)
    expect(later.first).to_be_visible(timeout=30_000)


def test_runs_without_a_metric_are_counted(opener, served, tracked):
    experiment = served.client.create_experiment("nothing logged")
    for status in ("FINISHED", "FAILED", "RUNNING"):
        tracked(experiment, status=status)
    page = opener.open()
    page.goto(opener.address(experiment=experiment))
    expect(page.locator(".empty")).to_have_text(
        "3 runs, none has a metric; 1 failed; 1 is running."
    )
    expect(page).to_have_title("nothing logged – Pareto comparison")
    served.client.delete_experiment(experiment)
