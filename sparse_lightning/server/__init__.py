"""The page inside the MLflow server that compares runs, and its data (docs/page-data.md)."""
