"""Structure beside attribution in the report of a study."""

import json

import pytest

from sparse_lightning.interpret import attributions
from sparse_lightning.interpret.agreement import Agreement
from sparse_lightning.tracking import files
from sparse_lightning.tracking.files import read_document
from sparse_lightning.workflows import Study
from sparse_lightning.workflows import study as study_module
from sparse_lightning.workflows import study_view as view_module

pytestmark = pytest.mark.slow


def test_agreements_are_tracked_and_shown(wine_job):
    pytest.importorskip("captum")
    study = wine_job.study
    stored = json.loads(read_document(study._store, study.run_id, "agreement.json"))
    readings = wine_job.study.view().study.readings
    assert [reading.run_id for reading in readings] == list(stored)
    for reading in readings:
        assert reading.agreement.to_dict() == stored[reading.run_id]
        assert reading.agreement.rows == 500
        assert len(reading.agreement.outputs) == 12
    page = (wine_job.report / "report.html").read_text(encoding="utf-8")
    assert page.count("<h4>Structure and attribution") == len(readings)
    assert "integrated gradients, 500 rows" in page


def test_of_many_outputs_the_report_has_none(wine_job, monkeypatch):
    study = Study.load(wine_job.study.run_id, wine_job.study._store.uri)
    monkeypatch.setattr(study_module, "MOST_UNITS", 11)  # one less than there are
    assert study.agreements(None) == {}


def test_without_captum_the_report_says_how_to_get_it(wine_job, monkeypatch, tmp_path):
    monkeypatch.setattr(attributions, "is_installed", lambda: False)
    study = Study.load(wine_job.study.run_id, wine_job.study._store.uri)
    assert study.agreements(None) == {}
    monkeypatch.setattr(view_module, "_agreements", lambda store, run_id: {})
    page = study.write_report(tmp_path).read_text(encoding="utf-8")
    assert "<h4>Structure and attribution" not in page
    assert "pip install 'sparse-lightning[attribution]'" in page.replace("&#39;", "'")


def test_a_torn_document_is_a_tracking_error(wine_job, monkeypatch):
    from sparse_lightning.errors import TrackingError

    for content in (b"{", b"[]", b'{"a": {"outputs": 1}}'):
        monkeypatch.setattr(
            files, "read_document", lambda store, run, file, content=content: content
        )
        with pytest.raises(TrackingError, match=r"agreement\.json of run .* cannot be read"):
            view_module._agreements(wine_job.study._store, wine_job.study.run_id)


def test_agreement_survives_json():
    stored = {"method": "shapley_sampling", "rows": 3, "sentences": ["a"], "outputs": []}
    row = {"output": "y", "rank_correlation": None, "top_overlap": 0.5, "k": 2}
    again = Agreement.from_dict({**stored, "outputs": [row]})
    assert again.to_dict() == {**stored, "outputs": [row]}
