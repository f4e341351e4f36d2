// SPDX-License-Identifier: GPL-3.0-or-later
// Three nodes are restarted one after the other under people who talk: each is told, goes to another node, and catches
// up; no message comes more than two seconds late. A message's time is that of its first try, so those count too which
// somebody wrote while he had no node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, digest, makeRandom } from "./client.mjs";
import { Cluster, delay, skip, until } from "./cluster.mjs";

/** More in the suite, which runs beside other tests, and in sanitized builds. */
const LATE_MS = Number(process.env.KLATCH_LATE_MS ?? 2000);
/** One person who goes to another node in a calm takes less than this. On a machine where it takes more, since other
 * things run there or the build is a slow one, all may take so many times longer. */
const MOVE_MS = 400;

test("a rolling restart", { skip }, async (t) => {
  const cluster = await Cluster.start(t);
  const alive = new Set([0, 1, 2]);
  const urls = () => [...alive].map((i) => cluster.nodes[i].url);
  const random = makeRandom(7);
  const clients = [];
  for (let i = 0; i < 15; i++) {
    const person = await cluster.person(`p${i}`);
    clients.push(new Client({ name: person.name, id: person.id, token: person.token, urls, random }));
  }
  for (const client of clients) client.start(t);
  await until(() => clients.every(({ online }) => online), "all online");
  const { group } = await clients[0].ask("group:create", { client_id: "g", name: "Tea", visibility: "public" });
  for (const client of clients.slice(1)) assert.ok((await client.ask("group:join", { group: group.id })).ok);

  // Everybody sends, all the time.
  let on = true;
  const sending = clients.map(async (client) => {
    while (on && client.wanted) {
      await client.send(group.id, `at ${Date.now()} from ${client.name}`);
      await delay(100 + random.below(200));
    }
  });
  await until(() => clients.every(({ acked }) => acked.size > 2), "traffic");
  // How long it takes on this machine while nothing happens but that one goes to another node, and then another.
  for (const client of clients) client.latencies.length = 0;
  for (const client of clients.slice(0, 3)) {
    client.moves.length = 0;
    client.drop();
    await until(() => client.moves.length > 0, "back again");
  }
  await until(() => clients.every(({ latencies }) => latencies.length > 50), "a calm");
  const move = Math.max(...clients.slice(0, 3).map(({ moves }) => moves.at(-1)));
  const calm = digest(clients.flatMap(({ latencies }) => latencies));
  for (const client of clients) for (const list of [client.latencies, client.synced, client.moves]) list.length = 0;

  for (const i of [0, 1, 2]) {
    const there = clients.filter(({ url }) => url === cluster.nodes[i].url);
    for (const client of there) client.notice = undefined;
    // The balancer takes it out at the first word.
    alive.delete(i);
    const ended = await cluster.nodes[i].stop();
    assert.deepEqual(ended, { status: 0, signal: null }, cluster.nodes[i].stderr);
    for (const client of there) assert.equal(client.notice, "shutdown");
    await until(() => clients.every(({ online }) => online), "all online elsewhere");
    await cluster.run(i);
    await cluster.ready(i);
    alive.add(i);
    await delay(500);
  }

  on = false;
  await Promise.all(sending);
  const head = Math.max(...clients.map(({ groups }) => groups.get(group.id).rev));
  await until(() => clients.every(({ groups }) => groups.get(group.id).rev === head), "all at the head");
  const first = clients[1].groups.get(group.id);
  for (const client of clients) {
    assert.deepEqual(client.faults, []);
    const held = client.groups.get(group.id);
    for (const message of client.acked.values()) assert.equal(first.messages.get(message.seq)?.id, message.id);
    for (const [seq, message] of held.messages) if (seq >= first.floor) assert.deepEqual(message, first.messages.get(seq));
  }
  // By event, and by the sync after the move.
  const late = digest(clients.flatMap(({ latencies, synced }) => [...latencies, ...synced]));
  const moves = digest(clients.flatMap(({ moves }) => moves));
  t.diagnostic(`from sending to receiving: p50 ${late.p50} ms, p99 ${late.p99} ms, max ${late.max} ms (${late.n}); in a calm max ${calm.max} ms`);
  t.diagnostic(`from dialling to the end of sync: max ${moves.max} ms (${moves.n}); in a calm ${move} ms`);
  assert.ok(late.n > 200, `${late.n}`);
  const limit = LATE_MS * Math.max(1, move / MOVE_MS);
  assert.ok(late.max < limit, `a message came ${late.max} ms late, and ${Math.round(limit)} ms are allowed`);
  await Promise.all(clients.map((client) => client.stop()));
});
