// SPDX-License-Identifier: GPL-3.0-or-later
// The promise of an acknowledgement: six people send while the server is killed with -9 twenty times. What was
// acknowledged is there once, in order, without a gap in seq; a watcher that resumes has seen exactly the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Device, Server, makePair, until } from "./klatch.mjs";

const KILLS = 20;
const SENDERS = 6;
const ACKS_BETWEEN = 25;

const QUIET = { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0", KLATCH_LIMITS_READS_PER_SECOND: "0" };
const again = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 200 };

/** Sends one after the other, each until it is acknowledged, always under its own client_id. */
async function keepSending(device, group, name, state) {
  for (let i = 0; !state.done; i++) {
    const event = { group, client_id: `${name}-${i}`, body: `${name} says ${i}` };
    for (;;) {
      try {
        const answer = await device.socket.timeout(2000).emitWithAck("message:send", event);
        if (answer.ok) {
          assert.equal(answer.message.body, event.body);
          state.acknowledged.push(answer.message);
          break;
        }
        assert.equal(answer.error.code, "unavailable");
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        if (state.done) return; // not acknowledged, so nothing is promised
      }
    }
  }
}

/** A client as the contract has it: sync after every connect, then events, each rev once and in order. Answers are taken
 * by callback: a promise would see them after the events that came in the same breath. */
async function watch(t, person, group) {
  const device = Device.open(t, person.server.url, { auth: { token: person.token }, ...again });
  const view = { rev: null, messages: new Map(), syncs: 0 };
  let live = false;
  const take = (message) => view.messages.set(message.seq, message);
  device.socket.on("message", ({ group: id, rev, message }) => {
    if (id !== group || !live) return;
    if (rev !== view.rev + 1) view.fault ??= `rev ${rev} after ${view.rev}`;
    view.rev = rev;
    take(message);
  });
  device.socket.on("disconnect", () => (live = false));
  device.socket.on("connect", () => {
    const since = view.rev === null ? {} : { since: { [group]: view.rev } };
    device.socket.emit("sync", { epoch: view.epoch, ...since }, (answer) => {
      const changes = answer.changes[group];
      if (changes?.reset || (view.epoch && answer.epoch !== view.epoch)) view.fault ??= "reset";
      changes?.messages.forEach(take);
      view.epoch = answer.epoch;
      view.rev = changes?.rev ?? view.rev ?? answer.groups.find(({ id }) => id === group).rev;
      live = true;
      view.syncs++;
    });
  });
  await until(() => view.syncs === 1, "the watcher's first sync");
  return view;
}

async function readAll(device, group) {
  const found = [];
  for (let after = 0; ; after = found.at(-1).seq) {
    const page = await device.do("history", { group, after, limit: 100 });
    found.push(...page.messages);
    if (!page.more_after) return found;
  }
}

test("killed twenty times while six people send", async (t) => {
  let server = await Server.start(t, { env: QUIET });
  const listen = `127.0.0.1:${server.port}`;
  const { anna, ben, a, group } = await makePair(t, server);
  a.socket.disconnect();

  const view = await watch(t, ben, group);
  const state = { done: false, acknowledged: [] };
  t.after(() => (state.done = true));
  const senders = [];
  for (let i = 0; i < SENDERS; i++) {
    const person = i % 2 ? anna : ben;
    const device = await person.connect(t, { ...again, transports: i === 0 ? ["polling"] : ["websocket"] });
    senders.push(keepSending(device, group, `sender ${i}`, state));
  }
  const all = Promise.all(senders);

  for (let i = 0; i < KILLS; i++) {
    const enough = state.acknowledged.length + ACKS_BETWEEN;
    await Promise.race([until(() => state.acknowledged.length >= enough, `${enough} acknowledged after ${i} kills`), all]);
    await server.kill();
    server = await Server.start(t, { data: server.data, listen, env: QUIET });
  }
  const enough = state.acknowledged.length + ACKS_BETWEEN;
  await until(() => state.acknowledged.length >= enough, "the last ones");
  state.done = true;
  await all;

  const device = await Device.connect(t, server.url, { auth: { token: anna.token } });
  await device.do("sync");
  const found = await readAll(device, group);
  assert.deepEqual(found.map(({ seq }) => seq), found.map((_, i) => i + 1), "a gap in seq");
  for (let i = 1; i < found.length; i++) assert.ok(found[i].created_at >= found[i - 1].created_at);

  const bySeq = new Map(found.map((message) => [message.seq, message]));
  for (const message of state.acknowledged) assert.deepEqual(bySeq.get(message.seq), message, "acknowledged, and not there");
  const texts = found.filter(({ kind }) => kind === "text");
  assert.equal(new Set(texts.map(({ client_id }) => client_id)).size, texts.length, "a message twice");
  for (let i = 0; i < SENDERS; i++) {
    const numbers = texts.filter(({ body }) => body.startsWith(`sender ${i} `)).map(({ body }) => Number(body.split(" ").at(-1)));
    assert.deepEqual(numbers, numbers.map((_, n) => n), "one sender's messages out of order");
  }

  const newest = found.at(-1);
  await until(() => view.fault || view.messages.get(newest.seq)?.id === newest.id, "the watcher has caught up");
  assert.equal(view.fault, undefined);
  const seen = [...view.messages.values()].sort((x, y) => x.seq - y.seq);
  assert.deepEqual(seen, found.slice(-seen.length), "the watcher saw something else");
  assert.ok(seen.length >= state.acknowledged.length);
  assert.ok(view.syncs > 1);
});
