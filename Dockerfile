# A server on Debian with Node 24. It keeps what it keeps in /var/lib/pawl, and writes nowhere else.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY dashboard/package.json dashboard/
# No script of a package runs: the database driver ships its binaries, and the Node of this image does the rest.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY dashboard dashboard
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
# By number, so that Kubernetes can see that it is not root.
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/pawl && ln -s /opt/pawl/dist/cli/pawl.js /usr/local/bin/pawl
COPY package.json LICENSE NOTICE /opt/pawl/
COPY --from=packages /packages/node_modules /opt/pawl/node_modules
COPY --from=build --chmod=0755 /build/dist /opt/pawl/dist
ENV NODE_ENV=production PAWL_HOST=0.0.0.0 PAWL_PORT=7295 PAWL_DATA_DIR=/var/lib/pawl
# Where pawl.yaml and .env are looked for, when somebody mounts them.
WORKDIR /etc/pawl
USER 1000:1000
VOLUME /var/lib/pawl
EXPOSE 7295
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PAWL_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["pawl"]
CMD ["serve"]
