"""The page inside the MLflow server that compares runs, see docs/reference/page-data.md."""
