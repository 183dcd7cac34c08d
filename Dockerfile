# Untried: no container engine ran where this was written. See docs/operating.md.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc prisma.config.ts ./
COPY prisma prisma
COPY openapi openapi
COPY src/console src/console
COPY tsconfig.json ./
RUN npm ci
COPY tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY prisma/migrations prisma/migrations
COPY docs/samples docs/samples
# The image's own unprivileged user; the embedded PostgreSQL runs as it, too.
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --start-period=60s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without DATABASE_URL the database is embedded, and lies on the volume.
CMD ["node", "--heap-growing-percent=60", "--max-semi-space-size=16", "--max-old-space-size=320", "dist/main.js"]
