// SPDX-License-Identifier: GPL-3.0-or-later
// Two people talk, by the official client, on both transports; and what a socket may not say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Device, Server, makePair, until } from "./klatch.mjs";

test("two people talk, one by WebSocket, one by polling", async (t) => {
  const server = await Server.start(t);
  const { ben, a, group } = await makePair(t, server);
  const b = await ben.connect(t, { transports: ["polling"] });
  await b.do("sync");
  for (let i = 0; i < 20; i++) await (i % 2 ? a : b).send(group, `message ${i}`);
  const expected = Array.from({ length: 20 }, (_, i) => `message ${i}`);
  await until(() => a.bodies(group).length === 20 && b.bodies(group).length === 20);
  assert.deepEqual(a.bodies(group), expected);
  assert.deepEqual(b.bodies(group), expected);
});

test("a client that was away catches up with what it missed", async (t) => {
  const server = await Server.start(t);
  const { ben, a, b, group } = await makePair(t, server);
  const before = await b.do("sync");
  const rev = before.groups.find(({ id }) => id === group).rev;
  b.socket.disconnect();
  for (let i = 0; i < 10; i++) await a.send(group, `missed ${i}`);
  const back = await ben.connect(t);
  const { changes, groups } = await back.do("sync", { epoch: before.epoch, since: { [group]: rev } });
  assert.deepEqual(changes[group].messages.map(({ body }) => body), Array.from({ length: 10 }, (_, i) => `missed ${i}`));
  assert.equal(changes[group].reset, undefined);
  assert.equal(groups.find(({ id }) => id === group).mine.unread, 10);
  await a.send(group, "live");
  await back.event("message", ({ message }) => message.body === "live");
});

test("unknown namespaces and bad tokens leave the connection as it is", async (t) => {
  const server = await Server.start(t);
  await assert.rejects(Device.connect(t, `${server.url}/other`), (error) => error.message === "Invalid namespace");
  const anna = await server.person("anna");
  const device = Device.open(t, server.url, { auth: { token: "x" }, autoConnect: false });
  const errors = [];
  device.socket.on("connect_error", (error) => errors.push(error.data?.code));
  device.socket.connect();
  await until(() => errors.length === 1);
  assert.deepEqual(errors, ["unauthorized"]);
  device.socket.auth = { token: anna.token };
  device.socket.connect();
  await until(() => device.socket.connected);
});

test("what is no event is a bad request, and the connection stays", async (t) => {
  const server = await Server.start(t);
  const { a, group } = await makePair(t, server);
  const bad = async (...args) => {
    const answer = await a.socket.timeout(20000).emitWithAck(...args);
    assert.equal(answer.ok, false, JSON.stringify(args).slice(0, 200));
    assert.equal(answer.error.code, "bad_request");
  };
  await bad("no-such-event", {});
  await bad("history");
  await bad("history", { group }, 5);
  await bad("history", [group]);
  await bad("history", "x");
  await bad("history", { group, limit: "5" });
  await bad("history", { group: 5 });
  await bad("message:send", { group, body: "x", client_id: "" });
  await bad("message:send", { group, body: "a\u0000b", client_id: "1" });
  await bad("message:send", { group, body: Buffer.from("x"), client_id: "1" });
  await bad("message:send", { group, body: "x", client_id: "1", extra: Buffer.from("x") });
  await bad("message:send\u0000", { group, body: "x", client_id: "1" });
  let deep = {};
  for (let i = 0; i < 40; i++) deep = { deep };
  await bad("history", deep);
  const big = await a.ask("message:send", { group, body: "x".repeat(16385), client_id: "2" });
  assert.equal(big.error.code, "too_large");
  await a.send(group, "still here");

  // Without an acknowledgement it is carried out, silently.
  a.socket.emit("message:send", { group, body: "silent", client_id: "3" });
  await a.event("message", ({ message }) => message.body === "silent");
});

test("a packet over the limit ends that connection, and no other", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_LIMITS_PACKET_BYTES: "65536" } });
  const { a, b, group } = await makePair(t, server);
  a.socket.emit("message:send", { group, body: "x".repeat(70000), client_id: "1" });
  await until(() => a.reason);
  await b.send(group, "still here");
});

test("one who does not read is dropped, told, and catches up", async (t) => {
  const server = await Server.start(t, {
    env: { KLATCH_LIMITS_QUEUE_BYTES: "1048576", KLATCH_LIMITS_MESSAGES_PER_SECOND: "0" },
  });
  const { ben, a, b, group } = await makePair(t, server);
  const slow = await ben.connect(t);
  await slow.do("sync");
  const raw = slow.socket.io.engine.transport.ws._socket;
  raw.pause();
  // The kernel's buffers on both sides take some megabytes before the server's own queue grows.
  const body = "x".repeat(16000);
  for (let i = 0; i < 900; i += 10) {
    await Promise.all(Array.from({ length: 10 }, () => a.send(group, body)));
    await b.do("read", { group, seq: 1 });
  }
  raw.resume();
  assert.equal((await slow.event("notice")).code, "slow_consumer");
  await until(() => slow.reason);
  assert.ok(slow.bodies(group).length < 900);
  assert.equal(b.reason, undefined);
  const back = await ben.connect(t);
  const { groups } = await back.do("sync");
  assert.equal(groups[0].mine.unread, 900);
});
