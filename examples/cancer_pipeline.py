"""Sparse codes of breast cancer measures in a pipeline: how many connections does accuracy take?

python examples/cancer_pipeline.py [--quick]
"""

import sys
from pathlib import Path

from matplotlib import pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import sparse_lightning as sl

x, y = load_breast_cancer(return_X_y=True, as_frame=True)
epochs = 2 if "--quick" in sys.argv else 40
codes = sl.SparseAutoencoder(
    4, activation="tanh", scale="standard", l1_threshold=1.5, epochs=epochs, random_state=0
)
search = GridSearchCV(
    make_pipeline(codes, LogisticRegression()),
    {"sparseautoencoder__l1_weight": [0.01, 0.03, 0.1, 0.2, 0.3, 0.5]},
    scoring={"accuracy": "accuracy", "connections": lambda made, *_: made[0].connections_},
    refit="accuracy",
    cv=3,
).fit(x, y)
scores = search.cv_results_
print(search.best_params_, f"accuracy {search.best_score_:.3f}")

figure, axes = plt.subplots(layout="constrained")
axes.plot(scores["mean_test_connections"], scores["mean_test_accuracy"], "o-")
axes.set(xlabel="connections of the autoencoder", ylabel="accuracy, mean over 3 folds")
figure.savefig("accuracy.png", dpi=150)
print(f"picture: {Path('accuracy.png').resolve()}")
