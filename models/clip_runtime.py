"""OpenVINO, silent: its converter reports each use to the vendor where `openvino_telemetry` can be imported."""

import sys

sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]

import openvino  # noqa: E402

__all__ = ["openvino"]
