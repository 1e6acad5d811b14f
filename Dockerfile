# Two images come out of this file:
#
#   docker build --target percore -t percore .           the binary alone
#   docker build --target tornado -t percore-tornado .   the Tornado example, also the default
#
# In your own Dockerfile, take the binary out of the first one:
#
#   COPY --from=percore /percore /usr/local/bin/percore
#   RUN ln -s percore /usr/local/bin/supervisorctl
#   HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["percore", "healthcheck"]
#   ENTRYPOINT ["percore"]

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# What we link from elsewhere compiles in a layer of its own: a change of ours takes seconds.
RUN CGO_ENABLED=0 go build -trimpath crypto/tls log/slog \
    github.com/kelseyhightower/envconfig github.com/oklog/run golang.org/x/sys/unix
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /percore ./entrypoint


FROM scratch AS percore
STOPSIGNAL SIGTERM
EXPOSE 8080
# As soon as a worker serves the container is healthy; until then, while it starts, nothing counts against it.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["/percore", "healthcheck"]
ENTRYPOINT ["/percore"]
# Without a command it shows itself: docker run -p 8080:8080 percore
CMD ["demo"]
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE entrypoint/licenses/THIRD_PARTY_LICENSES /licenses/
# What changes with each build comes last, so that a builder takes the rest out of its cache.
COPY --from=build /percore /percore
ARG VERSION=dev
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="percore" \
      org.opencontainers.image.licenses="MIT AND Apache-2.0 AND BSD-3-Clause AND MPL-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"


FROM debian:bookworm-slim AS tornado
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-tornado \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s /percore /usr/local/bin/percore \
 && ln -s /percore /usr/local/bin/supervisorctl
COPY examples/tornado/main.py /var/www/main.py
# PID 1 stays root to bind low ports and to change users; the workers run as www-data.
ENV PERCORE_GROUP=tornadoes \
    PERCORE_NAME=tornado \
    PERCORE_USER=www-data
STOPSIGNAL SIGTERM
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["/percore", "healthcheck"]
ENTRYPOINT ["/percore"]
CMD ["python3", "/var/www/main.py", "--port={port}"]
COPY --from=percore /licenses /usr/share/doc/percore
COPY --from=percore /percore /percore
ARG VERSION=dev
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="percore-tornado" \
      org.opencontainers.image.licenses="MIT AND Apache-2.0 AND BSD-3-Clause AND MPL-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
