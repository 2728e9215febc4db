"""Several devices: a process for each, with the result of one."""

import numpy as np
import pytest
import torch

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import ProjectError, TrainingError
from sparse_lightning.nn.layers import linear_layers
from sparse_lightning.project import Project
from sparse_lightning.training import executors, train
from sparse_lightning.training.executors import Devices, visible_device
from sparse_lightning.training.tasks import train_on


def project(**training):
    return Project(
        table={"source": "wine"},
        network={"units": [3, 2]},
        training={"epochs": 2, "seeds": [1, 2], "accelerator": "cpu", **training},
        regularizers={"l1_weights": [0.001, 0.01], "groups": {"L1": {}, "sL1": {}}},
    )


@pytest.mark.long
def test_two_devices_train_the_networks_of_one(monkeypatch):
    monkeypatch.setattr(executors.os, "cpu_count", lambda: 2)
    rows = torch.rand(60, 5, generator=torch.Generator().manual_seed(0))
    one = train(project(), Examples(rows))
    two = train_on(None, project(devices=2), Examples(rows), None)
    assert [replica.number for replica in two.replicas] == list(range(10))
    np.testing.assert_allclose(two.squared_error, one.squared_error, rtol=0, atol=1e-5)
    for a, b in zip(linear_layers(two.network), linear_layers(one.network), strict=True):
        torch.testing.assert_close(a.weight, b.weight, rtol=0, atol=1e-4)
    assert two.documents.keys() == one.documents.keys()


def _die():
    import os

    os._exit(1)


def _fail():
    raise ZeroDivisionError


@pytest.mark.long
def test_a_process_that_dies_is_told(monkeypatch):
    from sparse_lightning.training.progress import SilentProgress

    monkeypatch.setattr(executors.os, "cpu_count", lambda: 2)
    with pytest.raises(TrainingError, match="devices 2: a process that trained a part has died"):
        Devices(project(devices=2)).run(_die, [()], SilentProgress())


@pytest.mark.long
def test_a_process_that_is_gone_when_it_is_interrupted_hides_no_error(monkeypatch):
    from sparse_lightning.training import processes
    from sparse_lightning.training.progress import SilentProgress

    asked = []

    def gone(number, signal):
        asked.append(number)
        raise ProcessLookupError

    monkeypatch.setattr(executors.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(processes.os, "kill", gone)
    with pytest.raises(ZeroDivisionError):
        Devices(project(devices=2)).run(_fail, [()], SilentProgress())
    assert asked


def test_more_devices_than_there_are_are_refused(monkeypatch):
    monkeypatch.setattr(executors.os, "cpu_count", lambda: 2)
    with pytest.raises(TrainingError, match=r"devices must be at most 2, .* cpu, got 3"):
        Devices(project(devices=3))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(TrainingError, match=r"devices must be at most 0, .* gpu, got 1"):
        Devices(project(accelerator="gpu"))


@pytest.mark.parametrize(
    ("number", "visible", "seen"),
    [(1, None, "1"), (1, "2,5", "5"), (0, "GPU-8a, GPU-9b", "GPU-8a")],
)
def test_a_process_sees_one_of_the_visible_devices(number, visible, seen):
    assert visible_device(number, visible) == seen


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("accelerator", "npu", "auto, cpu, gpu, cuda, mps"),
        ("precision", "8-true", "32-true, 64-true, 16-mixed, bf16-mixed"),
        ("devices", 0, "at least 1"),
        ("devices", "all", "whole number"),
    ],
)
def test_what_no_trainer_knows_is_refused_with_what_is_allowed(field, value, allowed):
    with pytest.raises(ProjectError, match=rf"training\.{field} .*{allowed}"):
        project(**{field: value})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_a_gpu_trains_the_networks_of_the_cpu(precision):
    rows = torch.rand(60, 5, generator=torch.Generator().manual_seed(0))
    here = train(project(), Examples(rows))
    there = train(project(accelerator="gpu", precision=precision), Examples(rows))
    tolerance = 1e-4 if precision == "32-true" else 2e-2
    np.testing.assert_allclose(there.squared_error, here.squared_error, rtol=0, atol=tolerance)
