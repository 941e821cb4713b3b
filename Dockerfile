# syntax=docker/dockerfile:1
# Sluice for CPUs. No model is inside: mount a repository at /models, and a volume at /var/lib/sluice if the next
# container is to know what this one learned about the models.
#   docker build -t sluice . && docker run --rm -p 8000:8000 -p 8001:8001 -p 8002:8002 -v "$PWD/models:/models:ro" sluice

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The CUDA libraries, which the runtime's install script would fetch, are for another image.
ENV ONNXRUNTIME_NODE_INSTALL=skip
# The base image has its own Node, so the one of the npm packages goes; so do the runtime's libraries for other systems.
RUN npm ci --omit=dev --no-audit \
 && rm -rf node_modules/node-linux-* node_modules/.bin/node \
 && find node_modules/onnxruntime-node/bin/napi-v6 -mindepth 2 -maxdepth 2 -type d \
      ! -path "*/linux/$(node -p process.arch)" -exec rm -rf {} + \
 && npm cache clean --force

FROM node:24.21.0-bookworm-slim
# The allocator settings give the memory of an unloaded model back to the system (docs/adr/0002-one-pool-per-variant.md).
ENV NODE_ENV=production \
    SLUICE_HOST=0.0.0.0 \
    SLUICE_HTTP_PORT=8000 \
    SLUICE_GRPC_PORT=8001 \
    SLUICE_ADMIN_PORT=8002 \
    SLUICE_MODEL_REPOSITORY=/models \
    SLUICE_STATE_DIR=/var/lib/sluice \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY proto ./proto
COPY src ./src
COPY bench ./bench
RUN install -d -o node -g node -m 700 /var/lib/sluice
USER node
EXPOSE 8000 8001 8002
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SLUICE_ADMIN_PORT}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve"]
