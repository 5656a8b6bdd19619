"""What a deployment is told: tunables by `args` in the Serve config, secrets and addresses by FITMATCH_* variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MINI = Path(__file__).parent.parent / "models" / "checkpoints" / "mini"
STATEMENT_S_MAX = 1.7
"""A shopper waits no longer for one statement: giving its connection up takes another second, and 503 is due in 3 s."""


class Settings(BaseSettings):
    """Read where the graph is built (`build(settings)`); replicas receive it whole."""

    model_config = SettingsConfigDict(env_prefix="FITMATCH_", frozen=True, extra="forbid")

    postgres_dsn: SecretStr = Field(description="postgresql://… of Postgres 15 or later")
    chroma_url: str = Field(
        description="http://host:port of a Chroma server, never published to the internet; several: http://…,b=http://…"
    )
    photos_url: str = Field(description="a folder every replica sees, or s3://bucket/prefix")
    checkpoint: str = Field(default=str(MINI), description="a folder, or owner/name@revision on the hub")
    operator_token: SecretStr | None = Field(
        default=None, description="bearer of the operator routes; unset: they are closed"
    )
    demo_key_file: Path | None = Field(
        default=None, description="file with the publishable key that the storefront uses"
    )
    ray_dashboard_url: str | None = Field(default=None, description="where an operator's browser finds Ray's dashboard")
    prometheus_url: str | None = Field(default=None, description="and Prometheus")
    grafana_url: str | None = Field(default=None, description="and Grafana")

    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed_routes: bool = True
    image_batch_max: int = Field(default=32, ge=1, le=512)
    text_batch_max: int = Field(default=64, ge=1, le=512)
    image_threads: int | None = Field(
        default=None, ge=1, description="CPU threads of an image replica; unset: its num_cpus, below 1 all cores"
    )
    text_threads: int | None = Field(default=None, ge=1, description="and of a text replica")
    cpu_precision: Literal["auto", "f32", "bf16"] = Field(
        default="auto", description="what a CPU computes in; auto: bf16 where it multiplies tiles of it (AMX), else f32"
    )
    gpu_graphs: bool = Field(default=False, description="a GPU runs batches as CUDA graphs; measure it first")
    prompts_cached: int = Field(default=10_000, ge=0, description="prompt embeddings that a Query replica remembers")
    decoders: int = Field(default=2, ge=1, le=64, description="photo decoding processes of an Ingest replica")
    jobs_max: int = Field(
        default=64, ge=1, le=128, description="jobs claimed at once; also what one Chroma call writes"
    )
    lease_s: float = Field(default=60, gt=1)
    attempts_max: int = Field(default=3, ge=1)
