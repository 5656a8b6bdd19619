"""Recommendation quality on the validation photos, measured over HTTP: `make eval`."""
