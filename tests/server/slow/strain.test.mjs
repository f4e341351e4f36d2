// SPDX-License-Identifier: GPL-3.0-or-later
// Too few descriptors, and clients that drip: who is in is served as ever.
import "./program.mjs";
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { PROGRAM, Server, until } from "../box/klatch.mjs";
import { FREE, Light, anyAddress, cpuMs, makePair, measureSends, percentile } from "./crowd.mjs";

test("out of descriptors those who are in are served, others wait, and the server rests (C111)", async (t) => {
  const server = await Server.start(t, { env: FREE, command: ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", PROGRAM] });
  const { anna, a, b, group } = await makePair(server);
  const waiting = Array.from({ length: 400 }, () => {
    const light = new Light(server.port, anyAddress());
    light.in = light.enter(anna.token).then(() => (light.isIn = true), () => {});
    return light;
  });
  await until(() => server.stderr.includes("out of file descriptors"), "the limit is met");
  await until(() => waiting.filter(({ isIn }) => isIn).length > 150, "many are in");
  const within = () => waiting.filter(({ isIn }) => isIn);

  const cpu = cpuMs(server);
  const lines = server.stderr.split("out of file descriptors").length;
  const begin = Date.now();
  await delay(3000);
  const took = Date.now() - begin;
  assert.ok(cpuMs(server) - cpu < 0.2 * took, `${cpuMs(server) - cpu} ms of CPU in ${took}`);
  assert.ok(server.stderr.split("out of file descriptors").length - lines <= took / 1000 + 1, "a line a second at most");
  // What is stored, and read, needs descriptors of its own.
  for (let i = 0; i < 50; i++) await a.send(group, `message ${i}`);
  assert.equal((await b.do("history", { group })).messages.at(-1).body, "message 49");
  for (const light of within().slice(0, 20)) await light.do("sync");
  t.diagnostic(`${within().length} of 400 are in; ${cpuMs(server) - cpu} ms of CPU in ${Date.now() - begin} ms`);

  // As many as leave come in.
  const left = within().slice(0, 100);
  const before = within().length;
  await Promise.all(left.map((light) => light.leave()));
  await until(() => within().length >= Math.min(before + 90, 400), "others take their place");
  assert.equal(server.ended, undefined);
  for (const light of waiting) light.socket.destroy();
  await until(() => server.request("GET", "/healthz").then(({ status }) => status === 200, () => false), "room for all");
});

test("six hundred that drip are cut off in ten seconds, and the honest do not feel it (C11)", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0", KLATCH_LIMITS_CONNECTIONS_UNSIGNED: "0", KLATCH_LIMITS_CONNECTIONS_PER_USER: "0" } });
  const { anna, a, group } = await makePair(server);
  const drippers = [];
  const drip = (from, head, body) => {
    const socket = net.connect({ port: server.port, host: "127.0.0.1", localAddress: from });
    const begin = Date.now();
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.once("connect", () => socket.write(head));
    let sent = 0;
    const timer = setInterval(() => socket.writable && sent < body.length && socket.write(body[sent++]), 1000);
    drippers.push(new Promise((resolve) => socket.once("close", () => resolve(Date.now() - begin))).finally(() => clearInterval(timer)));
  };
  const rest = `GET /api/v1/server HTTP/1.1\r\nHost: x\r\nX-Y: ${"z".repeat(200)}`;
  for (let i = 0; i < 500; i++) drip(`127.0.1.${1 + (i % 3)}`, rest[0], rest.slice(1));
  for (let i = 0; i < 100; i++) drip(`127.0.1.${1 + (i % 3)}`, "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", i % 2 ? "" : "x".repeat(90));

  const took = [];
  const honest = [];
  for (let i = 0; i < 100; i++) {
    const start = performance.now();
    honest.push(await Light.connect(server.port, anna.token));
    took.push(performance.now() - start);
    await delay(50);
  }
  const sends = measureSends(a, group);
  const lives = await Promise.all(drippers);
  const times = await sends.stop();
  // Ten seconds from accept; the rest is how late a busy machine may be.
  assert.ok(Math.max(...lives) < 14000, `${Math.max(...lives)} ms`);
  t.diagnostic(`drippers lived ${Math.min(...lives)} to ${Math.max(...lives)} ms; connecting: p99 ${percentile(took, 99).toFixed(0)} ms; sending: p99 ${percentile(times, 99).toFixed(0)} ms`);
  assert.ok(percentile(took, 99) < 1000, "honest ones connect at once");
  // They live on past the limit.
  await Promise.all(honest.map((light) => light.do("sync")));
  assert.ok(honest.every(({ gone }) => !gone));
});
