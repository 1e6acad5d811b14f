// The same answers as tornado_app.py from Node's own HTTP server, which knows no signal either: --port=PORT.
"use strict";
const http = require("http");

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}

const server = http.createServer((request, response) => {
  const query = new URL(request.url, "http://localhost").searchParams;
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    setTimeout(() => {
      response.end(`${query.get("id")} ${query.get("ms")} ${body.length} ${crc32(body)}\n`);
    }, Number(query.get("ms")));
  });
});
server.listen(Number(process.argv[2].replace("--port=", "")), "127.0.0.1");
