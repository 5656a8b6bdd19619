"""The documentation names what the code has."""

import re
from pathlib import Path

import yaml

from deployments.settings import Settings

ROOT = Path(__file__).parent.parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def test_every_metric_is_documented() -> None:
    code = [(ROOT / "deployments" / name).read_text() for name in ("metrics.py", "exporter.py", "exporter_metrics.py")]
    metrics = {name for text in code for name in re.findall(r'"(fitmatch_[a-z_]+)"', text)}

    assert len(metrics) > 20
    assert metrics == set(re.findall(r"`(fitmatch_[a-z_]+)[`{]", OPERATIONS))


def test_every_address_and_secret_is_documented() -> None:
    for name in set(Settings.model_fields) - _args():
        assert f"`FITMATCH_{name.upper()}`" in OPERATIONS, name


def test_what_the_serve_configs_say_under_args_is_documented() -> None:
    configs = [yaml.safe_load(file.read_text()) for file in ROOT.glob("serve_config*.yaml")]
    used = {name for config in configs for name in config["applications"][0]["args"]}

    assert len(configs) == 3
    assert used - _args() <= {"checkpoint"}  # also an address, FITMATCH_CHECKPOINT
    assert _args() <= set(Settings.model_fields)


def test_every_warning_of_a_running_deployment_is_documented() -> None:
    """As a line of the table of log lines, word for word."""
    sources = [file for part in ("api", "db", "deployments", "models") for file in (ROOT / part).rglob("*.py")]
    written = re.compile(r'log\.(?:warning|error|exception|critical)\(\s*"([^"%]+?)(?:: %r)?"')
    said = {line for file in sources for line in written.findall(file.read_text())}
    table = OPERATIONS.partition("\n## Logs")[2]
    named = {
        line for first in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for line in re.findall(r"`(.+?)`", first)
    }

    assert len(said) > 10
    assert named == said | {"/livez has not answered for 30 s"}


def test_every_setting_of_a_host_is_documented() -> None:
    for file in ("configuration.py", "../secret_files.py"):
        for name in re.findall(r'"(FITMATCH_[A-Z_]+)"', (ROOT / "deployments" / "host" / file).read_text()):
            assert f"`{name}`" in OPERATIONS, name


def test_the_page_on_scaling_names_metrics_and_settings_that_exist() -> None:
    """Its readers look for them in Prometheus and in their configuration."""
    page = (ROOT / "docs" / "scaling.md").read_text()
    serve = (ROOT / "serve_config.yaml").read_text() + (
        ROOT / "deployments" / "kuberay" / "rayservice.yaml"
    ).read_text()
    metrics, settings = set(re.findall(r"fitmatch_[a-z_]+", page)), set(re.findall(r"FITMATCH_[A-Z_]+", page))
    keys = {"decoders", "image_batch_max", "num_replicas", "target_ongoing_requests", "max_surge_percent"}

    assert len(metrics) > 5
    assert {name for name in metrics if f"`{name}" not in OPERATIONS} == set()
    assert {name for name in settings if f"`{name}`" not in OPERATIONS} == set()
    assert {key for key in keys if f"`{key}" in page} == {key for key in keys if f"{key}:" in serve} == keys


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]

    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]

    assert broken == []


def _args() -> set[str]:
    """The first column of the table of what stands under `args`."""
    table = OPERATIONS.partition("\n| under `args` |")[2].partition("\n\n")[0]
    first = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    return set(re.findall(r"`(\w+)`", " ".join(first)))
