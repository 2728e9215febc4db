"""The rows of a table: which train, choose and judge, their weights, and what they lack."""
