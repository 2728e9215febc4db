"""Files and frames of others, read strictly, as raw tables."""
