"""What Ray's folder keeps from one start to the next."""

from pathlib import Path

from deployments.local.ray_head import SESSIONS_KEPT, _forget_sessions


def test_the_newest_sessions_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    sessions = [tmp_path / f"session_2026-11-{day:02}_10-00-00_1" for day in range(1, 8)]
    for session in sessions:
        (session / "logs").mkdir(parents=True)
    (tmp_path / "session_latest").symlink_to(sessions[-1])
    (tmp_path / "prom_metrics_service_discovery.json").write_text("[]")

    _forget_sessions(tmp_path)

    assert sorted(tmp_path.glob("session_2*")) == sessions[-SESSIONS_KEPT:]
    assert (tmp_path / "session_latest").is_dir()
    assert (tmp_path / "prom_metrics_service_discovery.json").exists()


def test_few_sessions_are_all_kept(tmp_path: Path) -> None:
    (tmp_path / "session_2026-11-01_10-00-00_1").mkdir()

    _forget_sessions(tmp_path)

    assert len(list(tmp_path.iterdir())) == 1
