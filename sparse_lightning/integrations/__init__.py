"""Networks at home elsewhere: scikit-learn estimators, MLflow's evaluator, exports."""
