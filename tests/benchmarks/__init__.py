"""Tests of the benchmarks tier."""
