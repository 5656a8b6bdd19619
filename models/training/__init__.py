"""Trains the small dual encoder in `models/checkpoints/mini` from labelled photos."""
