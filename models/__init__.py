"""What things mean: photos, prompts, checkpoints and ranking."""
