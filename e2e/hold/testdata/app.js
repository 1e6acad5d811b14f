// The same on Node's http: node app.js PORT
"use strict";
const { createHash } = require("crypto");
const fs = require("fs");
const http = require("http");

http.createServer((request, response) => {
  const path = request.url.split("?")[0];
  fs.appendFileSync(process.env.HOLD_SEEN, `${request.method} ${path} ${process.pid}\n`);
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    let body = Buffer.concat(pieces);
    if (path === "/form") {
      body = body.subarray(body.indexOf("\r\n\r\n") + 4, body.lastIndexOf("\r\n--"));
    }
    const answer = path === "/large" ? fs.readFileSync(process.env.HOLD_LARGE) : JSON.stringify({
      method: request.method,
      length: request.headers["content-length"] || "",
      coding: request.headers["transfer-encoding"] || "",
      bytes: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
      pid: process.pid,
    });
    response.setHeader("Content-Length", Buffer.byteLength(answer));
    response.end(answer);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
