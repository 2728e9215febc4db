import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sparse_lightning._embedding import embedded_json, page_frame
from sparse_lightning.report import (
    published_values,
    report_html,
    write_report,
    writing,
)
from sparse_lightning.report.findings import findings
from sparse_lightning.report.head import head
from sparse_lightning.report.view import web_address

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}</style>"


class Page(HTMLParser):
    """The elements of a page, its texts, and the texts of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.scripts, self.attributes = [], [], [], []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        self._script = tag == "script"

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        (self.scripts if self._script else self.texts).append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def test_the_page_says_what_was_trained_and_found(study_of):
    study = study_of(floor_settled=False, settings={"optimizer": "adam"})
    page = Page(report_html(study))
    for phrase in (
        "wine: 1,599 rows, 12 columns · autoencoder, 12 columns through 10 codes · "
        "6 regularizers × 3 strengths × 4 seeds",
        "wine, 1599 rows",
        "adam",
        "1, 2, 3, 4",
        "the same list for all groups",
        "The floor did not settle: after 600 epochs",
        "not settled: the unregularized error was still falling",
        "KAKENHI final report 18K11487",
        "0.05368",
        "indices.json",
        *findings(study),
    ):
        assert phrase in page.text


def test_nothing_but_the_three_answers_is_open(study_of):
    text = report_html(study_of())
    page = Page(text)
    assert re.findall("<h2>(.*?)</h2>", text) == [
        "Which, how strong, at what cost",
        "What does it say",
        "Can I trust it",
        "The rest",
    ]
    assert "open" not in dict(page.attributes)
    rest = text[text.index('<section id="rest">') :].partition("</section>")[0]
    assert rest.count("<details") == rest.count("</details>")
    outside = re.sub("<details.*</details>", "", rest, flags=re.DOTALL)
    assert "<p" not in outside
    assert "<table" not in outside


def test_no_name_of_a_metric_stands_in_what_is_read_first(study_of):
    text = report_html(study_of(floor_settled=False))
    first = text[text.index("<body>") : text.index('<section id="rest">')]
    read = re.sub("<[^>]*>", " ", first)
    for name in ("area_marker", "area_axis", "hypervolume_gap", "squared_error", "corner"):
        assert name not in read


def test_the_head_says_when_and_counts_in_words(study_of):
    one = head(study_of(groups=("L1",), seeds=1, rows=1, finished="2026-01-02 03:04 UTC"))
    assert one == [
        "wine: 1 row, 12 columns",
        "autoencoder, 12 columns through 10 codes",
        "1 regularizer × 3 strengths × 1 seed",
        "finished 2026-01-02 03:04 UTC",
    ]
    targets = {"task": "regressor", "targets": ("a",)}
    parts = head(study_of(rows=60, rows_validation=20, rows_test=20, **targets))
    assert parts[0].startswith("wine: 100 rows")
    assert parts[1] == "regressor, 12 columns → 1 number"


def test_published_areas_are_no_comparison_for_groups_at_their_own_ranges(study_of):
    study = study_of(common_weights=False)
    text = Page(report_html(study)).text
    assert "each group at its own list" in text
    assert "KAKENHI" not in text
    assert study.published is None
    assert study_of().published == published_values("sae", "wine")


def test_a_list_is_as_published_where_it_is_the_published_one(study_of):
    networks = study_of().study.networks  # λ 5e-05, 0.0002 and 0.001
    assert study_of().study.weights_in_words == "the same list for all groups"
    weights = {5e-5: 5e-5, 2e-4: 7e-5, 1e-3: 1e-4, 0.0: 0.0}
    networks = networks.assign(l1_weight=networks["l1_weight"].map(weights))
    components = study_of(networks=networks, components=0, task="pca", dataset="ctg")
    assert components.study.weights_in_words == "the same list for all groups, as published"
    assert study_of(networks=networks).study.weights_in_words == "the same list for all groups"
    mine = study_of(networks=networks, task="pca", dataset="mine")
    assert mine.study.weights_in_words == "the same list for all groups"


def test_a_study_that_has_learned_nothing_has_a_report_that_says_so(study_of, tmp_path):
    study = study_of()
    networks = study.study.networks
    networks = networks.assign(squared_error=networks["squared_error"] + 0.06)
    study = study_of(networks=networks)
    assert study.comparison.floor > study.comparison.corner[1]
    page = write_report(study, tmp_path)
    assert "Unregularized training has learned nothing" in Page(page.read_text("utf-8")).text
    document = json.loads((tmp_path / "indices.json").read_text("utf-8"))
    assert all(group["hypervolume_gap"] is None for group in document["groups"])


def test_groups_stand_in_the_order_of_the_chosen_index(study_of):
    study = study_of(order_by="hypervolume_gap")
    page = report_html(study)
    section = page[page.index('<section id="trust">') :]
    table = re.search(r"<tbody>(.*?)</tbody>", section, re.DOTALL).group(1)
    shown = re.findall(r'<span class="dot"[^>]*></span>([^<]*)</th>', table)
    best_first = study.comparison.indices.sort_values("hypervolume_gap")["group"]
    assert shown == list(best_first)


def test_a_table_of_ones_own_has_no_published_column(study_of):
    text = report_html(study_of(dataset="my.csv", groups=("L1", "mine")))
    assert "KAKENHI" not in text
    assert "published ÷ L1" not in text


def test_hostile_names_come_out_inert(study_of):
    networks = study_of(groups=(ATTACK, "L1")).study.networks.assign(run_name=ATTACK)
    networks.loc[5, "failed"] = True
    networks["failure"] = ATTACK
    study = study_of(
        networks=networks, name=ATTACK, dataset=ATTACK, run_id=ATTACK, settings={ATTACK: ATTACK}
    )
    page = Page(report_html(study))
    harmless = Page(report_html(study_of(groups=("harmless", "L1"))))
    assert page.elements.count("script") == harmless.elements.count("script") == 0
    assert "img" not in page.elements
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert ATTACK in page.text


def test_embedded_json_cannot_end_its_script():
    text = str(embedded_json({"a": "</script><!--\u2028&", "b": (1, np.float64(2.5))}))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--\u2028&", "b": [1, 2.5]}
    with pytest.raises(ValueError, match="JSON compliant"):
        embedded_json(float("nan"))


def test_the_page_asks_nothing_of_other_hosts(study_of):
    page = Page(report_html(study_of(tracking_ui=None)))
    links = [value for name, value in page.attributes if name in ("src", "href", "action")]
    assert all(not re.match(r"(\w+:)?//", link) for link in links)
    policy = next(value for name, value in page.attributes if name == "content" and "src" in value)
    assert policy.startswith("default-src 'none'")


def test_the_comparison_page_is_a_frame_that_no_name_can_leave(study_of):
    documents = {"report": {"title": ATTACK}, "runs": {"names": [ATTACK, "\u2028"]}}
    frame = Page(str(page_frame(documents, ATTACK)))
    assert frame.elements == ["iframe"]
    attributes = dict(frame.attributes)
    assert attributes["title"] == ATTACK
    inner = Page(attributes["srcdoc"])
    assert inner.elements.count("script") == 2
    assert "img" not in inner.elements
    assert json.loads(inner.scripts[0]) == documents
    assert len(inner.scripts[1]) > 100_000
    text = report_html(study_of(page=lambda: documents))
    assert "iframe" in Page(text).elements
    assert "iframe" not in Page(report_html(study_of())).elements


def test_a_run_url_is_a_link_only_if_it_is_of_the_web(study_of):
    study = study_of()
    row = study.study.networks.iloc[0].to_dict()
    assert study.run_url({**row, "run_url": "https://x.org/r"}) == "https://x.org/r"
    assert study.run_url({**row, "run_url": "javascript:alert(1)"}) is None
    assert study.run_url({**row, "run_id": "../<x>"}).endswith("/runs/..%2F%3Cx%3E")
    assert web_address("data:text/html,x") is None
    assert web_address("http://[") is None


def test_a_report_is_written_whole_and_twice_the_same(study_of, tmp_path, monkeypatch):
    study = study_of()
    monkeypatch.setattr(writing, "_can_fork", lambda: False)
    assert write_report(study, tmp_path / "a" / "b") == tmp_path / "a" / "b" / "report.html"
    monkeypatch.setattr(writing, "_can_fork", lambda: True)
    write_report(study, tmp_path / "again")
    first = {
        path.relative_to(tmp_path / "a" / "b"): path.read_bytes()
        for path in (tmp_path / "a" / "b").rglob("*")
        if path.is_file()
    }
    assert {str(path) for path in first} == {
        "report.html",
        "indices.json",
        "indices.csv",
        "figures/definition.png",
        "figures/definition.svg",
        "figures/pareto.png",
        "figures/pareto.svg",
        "figures/indices.png",
        "figures/indices.svg",
    }
    for path, content in first.items():
        assert (tmp_path / "again" / path).read_bytes() == content


def test_a_study_of_one_group_one_seed_and_failures_has_a_page(study_of):
    networks = study_of(groups=("a",), seeds=1).study.networks
    networks.loc[1, ["failed", "squared_error"]] = [True, np.nan]
    networks.loc[1, "failure"] = "the loss is not finite"
    page = Page(report_html(study_of(networks=networks)))
    assert "the loss is not finite" in page.text
    assert "All pairs of groups" not in page.text
