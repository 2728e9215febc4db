"""A sparse classifier of irises, exported without this package, served, and asked over HTTP.

python examples/iris_served.py [--quick]
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import requests
from matplotlib import pyplot as plt
from requests.adapters import HTTPAdapter, Retry
from sklearn.datasets import load_iris

import sparse_lightning as sl

iris = load_iris(as_frame=True)
species = iris.target_names[iris.target]
epochs = 2 if "--quick" in sys.argv else 150
classifier = sl.SparseClassifier(3, l1_weight=0.0005, epochs=epochs, random_state=0)
network = classifier.fit(iris.data, species).network_
print(network.describe())
shutil.rmtree("iris_model", ignore_errors=True)
sl.save_model(network, "iris_model")

with socket.create_server(("127.0.0.1", 0)) as free:
    port = str(free.getsockname()[1])
serve = ["mlflow", "models", "serve", "-m", "iris_model", "--env-manager", "local", "-p", port]
server = subprocess.Popen([sys.executable, "-m", *serve], start_new_session=True)
try:
    client = requests.Session()
    client.mount("http://", HTTPAdapter(max_retries=Retry(connect=9, backoff_factor=0.2)))
    client.get(f"http://127.0.0.1:{port}/ping", timeout=60)  # as soon as it is up
    setosa, _, virginica = (iris.data[species == name].mean() for name in iris.target_names)
    way = np.linspace(0, 1, 61)
    rows = [dict(setosa + (virginica - setosa) * share) for share in way]
    question = {"dataframe_records": rows, "params": {"probabilities": True}}
    address = f"http://127.0.0.1:{port}/invocations"
    answers = client.post(address, json=question, timeout=60).json()
finally:
    os.killpg(server.pid, signal.SIGTERM)

figure, axes = plt.subplots(layout="constrained")
for name in iris.target_names:
    axes.plot(way, [row[f"probability_{name}"] for row in answers["predictions"]], label=name)
axes.set(xlabel="from the mean setosa to the mean virginica", ylabel="probability, as served")
axes.legend(loc="upper center")
figure.savefig("served.png", dpi=150)
print(f"picture: {Path('served.png').resolve()}")
