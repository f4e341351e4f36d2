// SPDX-License-Identifier: GPL-3.0-or-later
// The disk is full (the server's files may not grow): sends are refused as unavailable, connections and reading stay,
// and it heals by itself when there is room. Nothing is lost, nothing half done.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Server, makePair, until } from "../box/klatch.mjs";

const limit = (server, bytes) => {
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(server.child.pid), `--fsize=${bytes}:unlimited`]);
  assert.equal(status, 0, String(stderr));
};

test("a full disk refuses and heals", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0", KLATCH_LIMITS_READS_PER_SECOND: "0" } });
  const { a, b, group } = await makePair(t, server);
  await a.send(group, "before");
  assert.equal((await server.request("GET", "/readyz")).status, 200);

  limit(server, 512 * 1024);
  const body = "x".repeat(16000);
  const sent = [];
  let refusal;
  let refused;
  for (let i = 0; i < 200 && !refusal; i++) {
    const message = { group, client_id: randomUUID(), body: `${i} ${body}` };
    const answer = await a.ask("message:send", message);
    if (answer.ok) sent.push(answer.message);
    else [refusal, refused] = [answer.error, message];
  }
  assert.equal(refusal?.code, "unavailable");
  assert.ok(refusal.retry_after_ms > 0);

  // What must not stop does not stop.
  const page = await b.do("history", { group, limit: 3 });
  assert.equal(page.messages.at(-1).body, sent.at(-1).body);
  await b.do("group:open", { group });
  await a.do("typing", { group, on: true });
  await b.event("typing");
  assert.equal((await server.request("GET", "/healthz")).status, 200);
  const readiness = await server.request("GET", "/readyz");
  assert.equal(readiness.status, 503);
  assert.ok(readiness.json.reason);

  limit(server, "unlimited");
  await until(async () => (await server.request("GET", "/readyz")).status === 200, "ready again");
  const again = await a.do("message:send", refused);
  assert.equal(again.message.seq, sent.at(-1).seq + 1);
  await b.event("message", ({ message }) => message.id === again.message.id);
  const end = await b.do("history", { group, limit: 2 });
  assert.deepEqual(end.messages.map(({ id }) => id), [sent.at(-1).id, again.message.id]);
  assert.deepEqual(await server.stop(), { status: 0, signal: null });
});
