# One image for `fitmatch serve`, `fitmatch node` and `fitmatch exporter`; docs/operations.md, "The image".
# By digest: docker build --build-arg PYTHON_IMAGE=python:3.11.15-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# CPU by default. PyPI's own build of torch for Linux is the one with CUDA: TORCH_INDEX=https://pypi.org/simple
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_CONSTRAINT=/opt/fitmatch/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /opt/fitmatch
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

# Before the code, so that a changed line does not install torch again.
COPY pyproject.toml constraints.txt ./
# --no-deps: the index of torch alone would have to hold every constrained version of what torch needs. PyPI does.
RUN grep -x 'torch==[0-9.]*' constraints.txt > /tmp/torch.txt \
 && pip install --only-binary :all: --no-deps --index-url "${TORCH_INDEX}" --requirement /tmp/torch.txt \
 && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > /tmp/needed.txt \
 && pip install --only-binary :all: --requirement /tmp/needed.txt

# What .dockerignore lets through: the code, its data, and what pyproject.toml names.
COPY . .
# Editable, as `make` installs it: files beside the packages (Serve configs, docs/problems.md) are found from the code.
RUN pip install --no-deps --editable . \
 && python -m compileall -q api db deployments models

FROM ${PYTHON_IMAGE}
ARG BUILD_ID=
LABEL org.opencontainers.image.title="FitMatch" \
      org.opencontainers.image.description="Recommends what clothing shops sell, from their photos" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${BUILD_ID}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11.15-slim-bookworm"
# KubeRay's probes call wget. Debian keeps no older version that could be named.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends wget \
 && rm -rf /var/lib/apt/lists/*
# The root may be read-only. What is written: /var/lib/fitmatch (photos, the hub's cache, logs), /tmp, /dev/shm.
# /tmp/ray is a place of its own, because Prometheus reads Ray's list of targets there.
RUN groupadd --gid 10001 fitmatch \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/fitmatch --shell /usr/sbin/nologin fitmatch \
 && install -d -o fitmatch -g fitmatch /var/lib/fitmatch /var/lib/fitmatch/photos /var/lib/fitmatch/hub /tmp/ray
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/fitmatch /opt/fitmatch
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/var/lib/fitmatch/hub \
    FITMATCH_DATA_DIR=/var/lib/fitmatch \
    FITMATCH_PHOTOS_URL=/var/lib/fitmatch/photos \
    FITMATCH_BUILD_ID=${BUILD_ID}
WORKDIR /opt/fitmatch
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Of `serve`; compose says what is healthy for the other commands. A first start may fetch a checkpoint from the hub.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m --start-interval=2s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
ENTRYPOINT ["fitmatch"]
CMD ["serve"]
