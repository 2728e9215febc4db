"""What short jobs gave before the package was rearranged; see `test_golden`."""
