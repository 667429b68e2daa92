# The images to build on. To get exactly the same ones again, name their digests, as examples/README.md ("Security") shows:
#   docker build --build-arg DEBIAN_IMAGE=debian:bookworm-slim@sha256:... --build-arg RUST_IMAGE=rust:1-bookworm@sha256:... .
ARG RUST_IMAGE=rust:1-bookworm
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /build
# The dependencies first, with an empty program: this layer is built again only when they change.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
 && echo 'fn main() {}' | tee src/main.rs > src/build.rs \
 && touch src/lib.rs \
 && cargo build --release --locked \
 && rm -r src
# All that .dockerignore lets in: src, and the files of git that name the commit, if they are there.
COPY . .
# For `waha-sm --version`, where git's files are not here: --build-arg GIT_COMMIT=$(git rev-parse HEAD)
ARG GIT_COMMIT=
# Copied files keep their dates, which may lie before the empty program's: without `touch` that would stay.
RUN touch src/build.rs src/main.rs src/lib.rs && cargo build --release --locked

FROM ${DEBIAN_IMAGE}
# redis-server: the private Redis of `all`. ca-certificates: for rediss://. tzdata: for TZ in the log of Redis.
# The directories are made here, so that new volumes belong to the user below and to nobody else.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates redis-server tzdata \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
    /usr/share/doc/* /usr/share/man/* /usr/share/locale/* \
 && mkdir -m 700 /data /backups /run/waha-sm \
 && chown 10001:10001 /data /backups /run/waha-sm
COPY --from=build /build/target/release/waha-sm /usr/local/bin/waha-sm
ENV DATA_DIR=/data
VOLUME /data
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Asks the process of this container, whatever its role and its LISTEN.
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s --retries=3 CMD ["waha-sm", "health"]
ENTRYPOINT ["waha-sm"]
CMD ["all"]
