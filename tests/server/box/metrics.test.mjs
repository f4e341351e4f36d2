// SPDX-License-Identifier: GPL-3.0-or-later
// The server's figures: true, in a form that a strict reader takes, and each of them explained to the administrator.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Server, makeFolder, makePair, run, until } from "./klatch.mjs";

/** Prometheus' text format 0.0.4, without anything that its description does not allow. → Map of family → {type, help, samples} */
function parse(text) {
  const families = new Map();
  const series = new Set();
  let current;
  assert.ok(text.endsWith("\n"), "the last line ends");
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") {
      const [, , name, help] = comment;
      assert.ok(!families.has(name), `${name} comes once, in one piece`);
      assert.doesNotMatch(help, /\\[^\\n]/);
      families.set(name, (current = { name, help, samples: [] }));
      continue;
    }
    if (comment) {
      assert.equal(comment[2], current?.name, "TYPE follows HELP");
      assert.equal(current.type, undefined);
      assert.match(comment[3], /^(counter|gauge|histogram)$/);
      current.type = comment[3];
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[^}])|(?=\})))+)\})? (\S+)$/.exec(line);
    assert.ok(sample, `a sample: ${line}`);
    const [, name, labelText = "", number] = sample;
    assert.match(number, /^(\+Inf|-Inf|NaN|[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)$/, line);
    const labels = Object.fromEntries([...labelText.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]));
    assert.ok(current?.type, `TYPE stands before ${line}`);
    const suffix = name.slice(current.name.length);
    assert.ok(name.startsWith(current.name) && (current.type === "histogram" ? ["_bucket", "_sum", "_count"].includes(suffix) : suffix === ""), line);
    const key = name + JSON.stringify(Object.entries(labels).sort());
    assert.ok(!series.has(key), `twice: ${key}`);
    series.add(key);
    current.samples.push({ suffix, labels, value: number === "+Inf" ? Infinity : Number(number) });
  }
  for (const family of families.values()) check(family);
  return families;
}

function check({ name, type, samples }) {
  assert.ok(type && samples.length > 0, name);
  assert.equal(type === "counter", name.endsWith("_total"), `${name}: a counter, and only that, ends with _total`);
  if (type !== "gauge") for (const { value } of samples) assert.ok(value >= 0, name);
  if (type !== "histogram") return;
  const rows = new Map();
  for (const { suffix, labels: { le, ...labels }, value } of samples) {
    const key = JSON.stringify(labels);
    const row = rows.get(key) ?? rows.set(key, { buckets: [] }).get(key);
    if (suffix === "_bucket") row.buckets.push([le === "+Inf" ? Infinity : Number(le), value]);
    else row[suffix] = value;
  }
  for (const row of rows.values()) {
    assert.equal(row.buckets.at(-1)[0], Infinity, name);
    assert.equal(row.buckets.at(-1)[1], row._count, name);
    assert.ok(row._sum >= 0, name);
    row.buckets.reduce(([bound, count], next) => {
      assert.ok(next[0] > bound && next[1] >= count, `${name}: buckets add up`);
      return next;
    });
  }
}

const ENV = { KLATCH_SERVER_METRICS_LISTEN: "127.0.0.1:0" };

async function startWithMetrics(t, env = {}) {
  const server = await Server.start(t, { env: { ...ENV, ...env } });
  const [, url] = /^metrics at (http:\/\/127\.0\.0\.1:\d+\/metrics)$/m.exec(server.stderr);
  server.metricsUrl = url;
  server.metrics = async () => {
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const families = parse(await answer.text());
    return {
      families,
      get(name, labels = {}, suffix = "") {
        const found = families.get(name)?.samples.filter((sample) => sample.suffix === suffix && Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
        assert.equal(found?.length, 1, `${name} ${JSON.stringify(labels)}`);
        return found[0].value;
      },
    };
  };
  return server;
}

test("what people do is counted", async (t) => {
  const server = await startWithMetrics(t);
  const before = await server.metrics();
  assert.equal(before.get("klatch_connections"), 0);
  const { a, b, group, ben } = await makePair(t, server);
  const polling = await ben.connect(t, { transports: ["polling"] });
  await polling.do("sync");
  for (let i = 0; i < 10; i++) await a.send(group, `message ${i}`);
  await until(() => b.bodies(group).length === 10 && polling.bodies(group).length === 10);
  const after = await server.metrics();
  assert.equal(after.get("klatch_connections"), 3);
  assert.equal(after.get("klatch_people_online"), 2);
  assert.equal(after.get("klatch_groups_loaded"), 1);
  assert.equal(after.get("klatch_sessions", { transport: "websocket" }), 2);
  assert.equal(after.get("klatch_sessions", { transport: "polling" }), 1);
  assert.ok(after.get("klatch_messages_accepted_total") >= 10);
  assert.ok(after.get("klatch_deliveries_total") >= 30);
  assert.ok(after.get("klatch_store_seconds", { call: "append" }, "_count") >= 10);
  assert.ok(after.get("klatch_store_seconds", { call: "append" }, "_sum") > 0);
  assert.ok(after.get("klatch_store_seconds", { call: "read" }, "_count") > before.get("klatch_store_seconds", { call: "read" }, "_count"));
  assert.ok(after.get("klatch_store_seconds", { call: "write" }, "_count") > 0);
  assert.equal(after.get("klatch_store_failures_total", { call: "append" }), 0);
  assert.equal(after.get("klatch_store_ready"), 1);
  assert.equal(after.get("klatch_nodes"), 1);
  assert.ok(after.get("klatch_sqlite_wal_bytes") > 0 && after.get("klatch_sqlite_bytes") > 0);
  await until(async () => (await server.metrics()).get("klatch_event_loop_lag_seconds", {}, "_count") > 0);
  assert.ok(after.get("process_resident_memory_bytes") > 1e6);
  assert.ok(after.get("process_cpu_seconds_total") > 0);
  assert.ok(Math.abs(after.get("process_start_time_seconds") - Date.now() / 1000) < 120);
  const { version } = (await server.api("GET", "server")).json;
  assert.equal(after.get("klatch_build_info", { version }), 1);
  assert.equal(after.families.has("klatch_tls_handshakes_total"), false);

  // Counters only grow, and gauges go back.
  polling.socket.disconnect();
  b.socket.disconnect();
  let last;
  await until(async () => {
    last = await server.metrics();
    const ended = (reason) => last.get("klatch_sessions_ended_total", { reason });
    return last.get("klatch_connections") === 1 && ended("client") + ended("transport") === 2;
  });
  for (const [name, family] of after.families) {
    if (family.type === "gauge") continue;
    family.samples.forEach(({ value }, i) => assert.ok(last.families.get(name).samples[i].value >= value, name));
  }
});

test("a cache that has the newest messages is hit", async (t) => {
  const server = await startWithMetrics(t);
  const { a, b, group } = await makePair(t, server);
  await a.send(group, "one");
  const before = (await server.metrics()).get("klatch_cache_hits_total");
  await b.do("history", { group });
  await b.do("history", { group });
  const after = await server.metrics();
  assert.ok(after.get("klatch_cache_hits_total") > before);
  assert.equal(after.get("klatch_bus_seconds", {}, "_count"), after.get("klatch_cache_hits_total") + after.get("klatch_cache_misses_total"));
});

test("one who reads too slowly is counted as dropped, and what waits for him while it does", async (t) => {
  const server = await startWithMetrics(t, { KLATCH_LIMITS_QUEUE_BYTES: "1048576", KLATCH_LIMITS_MESSAGES_PER_SECOND: "0" });
  const { ben, a, group } = await makePair(t, server);
  const slow = await ben.connect(t);
  await slow.do("sync");
  slow.socket.io.engine.transport.ws._socket.pause();
  const body = "x".repeat(16000);
  let most = 0;
  await until(async () => {
    await Promise.all(Array.from({ length: 20 }, () => a.do("message:send", { group, body, client_id: randomUUID() })));
    const metrics = await server.metrics();
    most = Math.max(most, metrics.get("klatch_queued_bytes"));
    return metrics.get("klatch_sessions_ended_total", { reason: "slow" }) === 1;
  });
  assert.ok(most > 0 && most <= 1048576 + 400000, `${most}`);
});

test("the certificate's end, and how handshakes went", async (t) => {
  const folder = makeFolder(t);
  const [certificate, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "40",
    "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const server = await startWithMetrics(t, { KLATCH_TLS_CERTIFICATE: certificate, KLATCH_TLS_KEY: key });
  const ends = Date.parse(new X509Certificate(readFileSync(certificate)).validTo) / 1000;
  const bad = net.connect(server.port, "127.0.0.1").on("error", () => {}).resume();
  bad.end("GET / HTTP/1.0\r\n\r\n");
  await until(async () => (await server.metrics()).get("klatch_tls_handshakes_total", { result: "failed" }) === 1);
  const metrics = await server.metrics();
  assert.equal(metrics.get("klatch_tls_certificate_expiry_timestamp_seconds"), ends);
  assert.equal(metrics.get("klatch_tls_handshakes_total", { result: "completed" }), 0);
  documented.push(...metrics.families.keys());
});

/** Families that were met with TLS. */
const documented = [];

test("the administrator's socket has them too, and the public port has not", async (t) => {
  const server = await Server.start(t);
  assert.doesNotMatch(server.stderr, /metrics at/);
  assert.equal((await server.request("GET", "/metrics")).status, 404);
  const ask = (path) => new Promise((resolve, reject) => {
    http.get({ socketPath: join(server.data, "admin.sock"), path, headers: { "X-Long": "x".repeat(9000) } }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk)).on("end", () => resolve({ status: response.statusCode, type: response.headers["content-type"], text }));
    }).on("error", reject);
  });
  const { status, type, text } = await ask("/metrics");
  assert.equal(status, 200);
  assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
  const names = [...parse(text).keys()];
  assert.equal((await ask("/")).status, 404);
  assert.equal((await ask("/metrics/x")).status, 404);
  // Lines of JSON go on as before, and klatchctl prints the same.
  const ctl = (...args) => execFileSync(process.env.KLATCHCTL, ["--data", server.data, ...args]).toString();
  assert.deepEqual([...parse(ctl("metrics")).keys()], names);
  assert.deepEqual([...parse(JSON.parse(ctl("--json", "metrics")).text).keys()], names);
  const status_ = JSON.parse(ctl("--json", "status"));
  assert.equal(status_.nodes.length, 1);
  assert.equal(status_.nodes[0].own, true);
  assert.equal(status_.bus_ready, true);
});

test("each is explained in docs/admin.md, and nothing there that is not", async (t) => {
  const server = await startWithMetrics(t);
  const text = readFileSync(new URL("../../../docs/admin.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `((?:klatch|process)_[a-z0-9_]+)`/gm)].map(([, name]) => name);
  const { families } = await server.metrics();
  assert.deepEqual([...new Set([...families.keys(), ...documented])].sort(), rows.sort());
});

test("where they cannot be served, the server does not start", async (t) => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await until(() => taken.address());
  const { port } = taken.address();
  const refused = await run(["--data", makeFolder(t), "--listen", "127.0.0.1:0"], { KLATCH_SERVER_METRICS_LISTEN: `127.0.0.1:${port}` });
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, new RegExp(`\\[server\\] metrics_listen: cannot listen on 127\\.0\\.0\\.1:${port}: another program uses this port`));
});
