// SPDX-License-Identifier: GPL-3.0-or-later
// Paths outside of /api/: health, the way to the server of a domain, the browser client.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { test } from "node:test";
import { Server } from "./klatch.mjs";

const HAS_WEB = process.env.KLATCH_HAS_WEB === "1";

test("health", async (t) => {
  const server = await Server.start(t);
  for (const path of ["/healthz", "/readyz"]) {
    const answer = await server.request("GET", path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.ok(answer.json);
    const head = await server.request("HEAD", path);
    assert.equal(head.status, 200);
    assert.equal(head.text, "");
    assert.equal((await server.request("POST", path)).status, 405);
  }
  assert.equal((await server.request("GET", "/readyz")).json.ready, true);
});

test("/.well-known/klatch", async (t) => {
  const server = await Server.start(t);
  const own = await server.request("GET", "/.well-known/klatch", { headers: { Host: `localhost:${server.port}` } });
  assert.deepEqual(own.json, { url: `http://localhost:${server.port}` });
  const told = await Server.start(t, { env: { KLATCH_SERVER_PUBLIC_URL: "https://chat.tea.example/" } });
  assert.deepEqual((await told.request("GET", "/.well-known/klatch")).json, { url: "https://chat.tea.example" });
});

test("all else is 404", async (t) => {
  const server = await Server.start(t);
  for (const path of ["/nothing", "/index.html", "/assets/", "/assets/nothing.js", "/assets/../index.html",
    "/assets/%2e%2e/index.html", "/i", "/i/", "/i/a/b", "/g", "/g/", "/g/a/1/2", "/metrics", "/healthz/x", "/.well-known/x",
    "/.git/config", "/klatch.db"]) {
    const answer = await server.request("GET", path);
    assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.doesNotMatch(answer.text, /<html/i);
  }
});

test("without the browser client / is 404", { skip: HAS_WEB }, async (t) => {
  const server = await Server.start(t);
  for (const path of ["/", "/i/code", "/g/tea"]) assert.equal((await server.request("GET", path)).status, 404);
});

test("the page is asked for anew, its assets never", { skip: !HAS_WEB }, async (t) => {
  const server = await Server.start(t);
  const page = await server.request("GET", "/");
  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.equal(page.headers["cache-control"], "no-cache");
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  assert.equal(page.headers["referrer-policy"], "same-origin");
  const policy = page.headers["content-security-policy"];
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.doesNotMatch(page.text, /<script(?![^>]*\bsrc=)/i, "no inline script");

  const again = await server.request("GET", "/", { headers: { "If-None-Match": page.headers.etag } });
  assert.equal(again.status, 304);
  assert.equal(again.text, "");
  for (const path of ["/i/code", "/g/tea", "/g/tea/12"]) {
    assert.equal((await server.request("GET", path)).text, page.text);
  }
  const head = await server.request("HEAD", "/");
  assert.equal(head.status, 200);
  assert.equal(Number(head.headers["content-length"]), page.bytes.length);
  assert.equal((await server.request("POST", "/")).status, 405);

  const assets = [...page.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(assets.some((path) => path.endsWith(".js")));
  for (const path of assets) {
    const asset = await server.request("GET", path);
    assert.equal(asset.status, 200, path);
    assert.match(asset.headers["cache-control"], /immutable/);
    assert.equal(asset.headers["x-content-type-options"], "nosniff");
    if (path.endsWith(".js")) assert.match(asset.headers["content-type"], /^text\/javascript/);
    if (path.endsWith(".css")) assert.match(asset.headers["content-type"], /^text\/css/);
    const small = await server.request("GET", path, { headers: { "Accept-Encoding": "gzip" } });
    if (small.headers["content-encoding"] === "gzip") {
      assert.deepEqual(gunzipSync(small.bytes), asset.bytes);
      assert.ok(small.bytes.length < asset.bytes.length);
    }
  }
});
