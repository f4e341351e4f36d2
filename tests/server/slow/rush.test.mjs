// SPDX-License-Identifier: GPL-3.0-or-later
// Five thousand at once, and what they leave behind.
import { sanitized } from "./program.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Server } from "../box/klatch.mjs";
import { FREE, Light, connectAll, each, memoryKib } from "./crowd.mjs";

const CLIENTS = 5000;
const PEOPLE = 100;

/** The memory, when it does not get less any more: what a rush left is given back seconds later, in turns. */
async function settled(server) {
  for (let before = Infinity, calm = 0; ; ) {
    const now = memoryKib(server);
    calm = now < 0.99 * before ? 0 : calm + 1;
    if (calm === 8) return now;
    before = Math.min(before, now);
    await delay(700);
  }
}

test("after each of five rushes the memory is as after the one before, and comes back (C113)", { skip: sanitized }, async (t) => {
  const server = await Server.start(t, { env: FREE });
  const people = [];
  await each(PEOPLE, 10, async (i) => (people[i] = await server.person(`person${i}`)));
  const tokens = people.map(({ token }) => token);
  const lights = await connectAll(server, tokens, PEOPLE);
  await Promise.all(lights.map((light) => light.do("sync")));
  const { group } = await lights[0].do("group:create", { client_id: "g", name: "Rush", visibility: "public" });
  for (const light of lights.slice(1)) await light.do("group:join", { group: group.id });
  // What a sync brings: 500 messages that fill one answer.
  const begin = (await lights[0].do("sync")).groups[0].rev;
  for (let i = 0; i < 500; i++) await lights[0].send(group.id, "x".repeat(800));
  const asked = { since: { [group.id]: begin } };
  // Caches are filled before it is measured.
  await Promise.all(lights.map((light) => light.do("sync", asked, { whole: false })));
  await Promise.all(lights.map((light) => light.leave()));
  const start = await settled(server);
  const after = [];

  for (let round = 0; round < 5; round++) {
    const rush = await connectAll(server, tokens, CLIENTS, 500);
    const peak = [memoryKib(server)];
    const slow = rush.slice(0, 100);
    const sent = [];
    await each(CLIENTS - 100, 200, async (i) => (sent[i] = await rush[100 + i].do("sync", asked, { whole: false })));
    assert.ok(sent.every((bytes) => bytes > 450000), "each was sent a whole answer");
    // The slow ones ask for as much, and never read it.
    for (const light of slow) {
      light.socket.pause();
      for (let i = 0; i < 12; i++) light.ask("sync", asked, { whole: false }).catch(() => {});
    }
    await delay(500);
    peak.push(memoryKib(server));
    await Promise.all(rush.slice(100).map((light) => light.leave()));
    await Promise.all(slow.map((light) => light.kill()));
    after.push(await settled(server));
    t.diagnostic(`round ${round + 1}: ${peak.join(", ")} KiB at work, ${after.at(-1)} KiB after`);
  }
  const plateau = after.slice(1);
  t.diagnostic(`${start} KiB before`);
  assert.ok(Math.max(...plateau) <= 1.1 * Math.min(...plateau), plateau.join(", "));
  assert.ok(after.at(-1) <= 1.3 * start, `${start} before, ${after.at(-1)} after`);
  // One who once had a full queue is no heavier than one who comes now, and is served like him.
  const late = await connectAll(server, tokens, PEOPLE);
  await Promise.all(late.map((light) => light.do("sync")));
});

/** Everybody again, at the pace of good clients; how long it takes until all are in and have what they missed. */
async function comeBack(t, server, tokens, clients, group, waits, what) {
  const begin = performance.now();
  const entered = [];
  let again = 0;
  await each(clients, clients, async (i) => {
    await delay(waits(i));
    for (let attempt = 1; ; attempt++) {
      try {
        const light = await Light.connect(server.port, tokens[i % tokens.length]);
        const { groups } = await light.do("sync");
        assert.equal(groups[0].id, group);
        entered.push({ light, after: performance.now() - begin, attempt });
        return;
      } catch (error) {
        if (error.code === "ERR_ASSERTION" || attempt > 8) throw error;
        again++;
        await delay(Math.min(5000, 500 * 2 ** attempt) * (0.5 + Math.random()));
      }
    }
  });
  const seconds = Math.max(...entered.map(({ after }) => after)) / 1000;
  t.diagnostic(`${what}: ${clients} back and synced in ${seconds.toFixed(1)} s, ${again} tried again, ${entered.length / seconds | 0} a second`);
  assert.ok(seconds < 60, `${seconds} s`);
  return entered.map(({ light }) => light);
}

test("all come back after a restart, spread out, and after a proxy's restart without a word (C106)", async (t) => {
  let server = await Server.start(t, { env: FREE });
  const listen = `127.0.0.1:${server.port}`;
  const people = [];
  await each(PEOPLE, 10, async (i) => (people[i] = await server.person(`person${i}`)));
  const tokens = people.map(({ token }) => token);
  let lights = await connectAll(server, tokens, PEOPLE);
  await Promise.all(lights.map((light) => light.do("sync")));
  const { group } = await lights[0].do("group:create", { client_id: "g", name: "Rush", visibility: "public" });
  for (const light of lights.slice(1)) await light.do("group:join", { group: group.id });
  lights.push(...(await connectAll(server, tokens, CLIENTS - PEOPLE, 500)));
  await each(CLIENTS, 200, (i) => lights[i].do("sync", {}, { whole: false }));

  const told = [];
  for (const light of lights) light.hear = (name, argument) => name === "notice" && told.push(argument);
  const stopped = server.stop();
  await Promise.all(lights.map(({ ended }) => ended));
  assert.deepEqual(await stopped, { status: 0, signal: null });
  assert.equal(told.length, CLIENTS, "everybody was told");
  server = await Server.start(t, { data: server.data, listen, env: FREE });
  lights = await comeBack(t, server, tokens, CLIENTS, group.id, (i) => Math.random() * told[i].retry_after_ms, "after a notice");

  // All lines fall at once; back-off is half chance.
  await Promise.all(lights.map((light) => light.kill()));
  lights = await comeBack(t, server, tokens, CLIENTS, group.id, () => 500 + Math.random() * 1000, "without a word");
  await lights[0].send(group.id, "all here");
  await Promise.all(lights.map((light) => light.leave()));
  assert.equal(server.ended, undefined);
});
