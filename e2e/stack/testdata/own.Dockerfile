# An image of somebody who takes percore from its image, as the README shows it.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-tornado \
 && rm -rf /var/lib/apt/lists/*
COPY main.py /srv/main.py
COPY --from=percore /percore /percore
ENTRYPOINT ["/percore"]
CMD ["python3", "/srv/main.py", "--port={port}"]
