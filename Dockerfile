# syntax=docker/dockerfile:1
# voice-server in a container, for a CPU (the default) or an NVIDIA GPU (--target gpu).
# Piper, which is GPL-3, is inside, and so is the image as a whole. Models are not: they live in /models.

ARG PYTHON_VERSION=3.12

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /source
COPY scripts/constraints.txt scripts/constraints.txt
RUN pip install --no-cache-dir --constraint scripts/constraints.txt uv && uv venv /opt/voice-server
COPY LICENSE README.md pyproject.toml ./
COPY audio audio
COPY models models
COPY voice_server voice_server
COPY web web
RUN uv pip install --no-cache --python /opt/voice-server/bin/python \
    --constraint scripts/constraints.txt '.[piper,pocketsphinx,otel,redis]'

# CTranslate2's wheel finds cuBLAS by LD_LIBRARY_PATH and needs no cuDNN; the driver is the host's.
FROM build AS build-gpu
RUN uv pip install --no-cache --python /opt/voice-server/bin/python 'nvidia-cublas-cu12>=12.4,<13'

FROM python:${PYTHON_VERSION}-slim-bookworm AS base
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin voice \
    && install --directory --owner=voice --group=voice /models
ENV PATH=/opt/voice-server/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    XDG_CACHE_HOME=/models \
    XDG_STATE_HOME=/models/state \
    HF_HOME=/models/huggingface \
    VOICE_SERVER_SERVER__HOST=0.0.0.0
USER 10001:10001
WORKDIR /tmp
VOLUME /models
EXPOSE 8080
# Downloads of the first start take their time: until then a failed check does not count.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15m --retries=3 CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["voice-server"]
CMD ["serve"]

FROM base AS gpu
COPY --from=build-gpu /opt/voice-server /opt/voice-server
ARG PYTHON_VERSION
ENV LD_LIBRARY_PATH=/opt/voice-server/lib/python${PYTHON_VERSION}/site-packages/nvidia/cublas/lib \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM base AS cpu
COPY --from=build /opt/voice-server /opt/voice-server
