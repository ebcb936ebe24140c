# The worker: builds cubes, runs models, writes maps. The argument TORCH_INDEX chooses the build of torch: empty takes the
# package index's own (on Linux x86_64 that for CUDA), the address of PyTorch's CPU wheels takes the CPU build.
FROM python:3.11-slim-bookworm

ARG TORCH_INDEX=

ENV PATH=/opt/landcast/.venv/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    LANDCAST_HOME=/srv/landcast

WORKDIR /opt/landcast

RUN useradd --system --uid 10001 --home-dir /srv/landcast --create-home landcast

# A CPU build (2.13.0+cpu) satisfies the line in constraints.txt as well as the CUDA build does, so the rest is alike.
COPY pyproject.toml constraints.txt ./
COPY docker/requirements.py docker/
RUN python docker/requirements.py > requirements.txt
RUN python -m venv .venv && if [ -n "$TORCH_INDEX" ]; then \
        .venv/bin/pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' constraints.txt)"; \
    fi
RUN .venv/bin/pip install -c constraints.txt -r requirements.txt

COPY LICENSE README.md ./
COPY core core
COPY ingest ingest
COPY models models
COPY products products
COPY outputs outputs
COPY evaluation evaluation
COPY training training
COPY workers workers
COPY service service
COPY cli cli
RUN .venv/bin/pip install --no-deps .

USER landcast
WORKDIR /srv/landcast
VOLUME /srv/landcast
# `landcast worker` becomes process 1 of the container, and its name ends in that number.
HEALTHCHECK --interval=60s --timeout=30s --start-period=60s \
    CMD ["sh", "-c", "celery -A workers.tasks inspect ping --timeout 10 --destination \"worker-1@$HOSTNAME\""]
CMD ["landcast", "worker"]
