"""Tests on real parts: unit, integration, e2e, browser, eval, benchmarks."""
