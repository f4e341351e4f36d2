// SPDX-License-Identifier: GPL-3.0-or-later
// Calls by the official client: signals are acknowledged, a broken line keeps its place, also over kill -9 of the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, makePair, until } from "./klatch.mjs";

/** Answers every signal, as a client in a call does. */
const answerSignals = (device) => device.socket.on("call:signal", (_, acknowledge) => acknowledge({ ok: true }));
const numbers = (device) =>
  device.events.filter(({ name }) => name === "call:signal").map(({ argument }) => argument.data.n);
/** The line breaks: nothing is said before. */
const breakLine = (device) => device.socket.io.engine.transport.ws._socket.destroy();

test("signals go from peer to peer, and wait for a line that broke", async (t) => {
  const server = await Server.start(t);
  const { anna, a, b, group } = await makePair(t, server);
  const mine = await a.do("call:join", { group, audio: true, video: true });
  const theirs = await b.do("call:join", { group, audio: true, video: false });
  const call = mine.call.id;
  assert.equal(theirs.call.id, call);
  assert.deepEqual(theirs.call.peers.map(({ peer, user }) => [peer, user]), [[mine.peer, anna.id]]);
  assert.deepEqual(mine.ice_servers, []);
  await a.event("call:peer", ({ joined, peer }) => joined && peer === theirs.peer);
  await b.event("call", ({ call }) => call.peers.length === 2);

  answerSignals(a);
  for (let n = 0; n < 3; n++) await b.do("call:signal", { call, to: mine.peer, data: { n } });
  await until(() => numbers(a).length === 3);
  const told = b.events.length;
  breakLine(a);
  await until(() => a.reason);
  for (let n = 3; n < 6; n++) await b.do("call:signal", { call, to: mine.peer, data: { n } });

  const again = await anna.connect(t);
  await again.do("sync");
  const resume = { call, peer: mine.peer, token: mine.resume_token };
  const back = await again.do("call:join", { group, audio: true, video: true, resume });
  assert.equal(back.peer, mine.peer);
  await until(() => numbers(again).length === 3);
  assert.deepEqual(numbers(again), [3, 4, 5]);
  assert.deepEqual(b.events.slice(told).filter(({ name }) => name === "call:peer"), []);

  again.socket.disconnect();
  await b.event("call:peer", ({ left, peer }) => left && peer === mine.peer);
  await b.do("call:leave", { call });
  await b.event("call", ({ call }) => call === null);
  const { message } = await b.event("message", ({ message }) => message.system?.event === "call");
  assert.ok(message.system.duration_ms >= 0);
});

test("a call outlives the server", async (t) => {
  const server = await Server.start(t);
  const { anna, ben, a, b, group } = await makePair(t, server);
  const mine = await a.do("call:join", { group, audio: true, video: true });
  const theirs = await b.do("call:join", { group, audio: true, video: true });
  await server.kill();
  const second = await Server.start(t, { data: server.data, listen: `127.0.0.1:${server.port}` });
  assert.equal(second.port, server.port);
  const back = [];
  for (const [person, { call, peer, resume_token: token }] of [[anna, mine], [ben, theirs]]) {
    const device = await person.connect(t);
    await device.do("sync");
    back.push(device);
    const joined = await device.do("call:join", { group, audio: true, video: true, resume: { call: call.id, peer, token } });
    assert.equal(joined.peer, peer);
    assert.equal(joined.call.id, mine.call.id);
    assert.equal(joined.call.started_at, mine.call.started_at);
  }
  answerSignals(back[0]);
  await back[1].do("call:signal", { call: mine.call.id, to: mine.peer, data: { n: 1 } });
  await until(() => numbers(back[0]).length === 1);
});
