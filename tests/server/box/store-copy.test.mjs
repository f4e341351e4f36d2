// SPDX-License-Identifier: GPL-3.0-or-later
// A server moves from SQLite to MongoDB and back, by a klatchctl that is killed again and again; its clients notice
// nothing but a broken line.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Mongod, mongodIsThere } from "../../kit/mongod.mjs";
import { DEADLINE_MS, Server, makeFolder, makePair } from "./klatch.mjs";

const NO_RATES = { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0", KLATCH_LIMITS_READS_PER_SECOND: "0" };
const skip = !mongodIsThere() && "there is no MongoDB here";

/** Killed after `ms`, where given. */
async function copy(from, to, ms) {
  const child = spawn(process.env.KLATCHCTL, ["--json", "store", "copy", from, to], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const closed = once(child, "close");
  const timer = new AbortController();
  const killed = delay(ms ?? 2 * DEADLINE_MS, undefined, { signal: timer.signal }).then(() => child.kill("SIGKILL"), () => {});
  const [status, signal] = await closed;
  timer.abort();
  await killed;
  return { ...output, status, signal };
}

/** Again and again, each time with more time, until one ends by itself. → what it said, and how many were killed */
async function copyThroughKills(t, from, to) {
  for (let n = 0, ms = 5; ; n++, ms = ms * 1.4 + 10) {
    const said = await copy(from, to, ms);
    if (said.signal === "SIGKILL") continue;
    if (n > 0 && /already, and a copy overwrites nothing/.test(said.stderr)) {
      // The last one was killed when it was done, before it could say so: a copy of the copy has the same sums.
      const again = await copy(to, `sqlite:${join(makeFolder(t), "again.db")}`);
      assert.equal(again.status, 0, again.stderr);
      return { n, ...JSON.parse(again.stdout) };
    }
    assert.equal(said.status, 0, said.stderr);
    return { n, ...JSON.parse(said.stdout) };
  }
}

const counts = ({ n, resumed, ...kinds }) => Object.entries(kinds).map(([name, { count, sha256 }]) => [name, count, sha256]);

async function fill(t, server) {
  const { anna, ben, a, b, group } = await makePair(t, server);
  const asks = Array.from({ length: 300 }, (_, i) => ({ group, client_id: randomUUID(), body: `${i} ${"x".repeat(500)}` }));
  const sent = (await Promise.all(asks.map((ask) => a.do("message:send", ask)))).map(({ message }) => message);
  await a.do("message:edit", { group, id: sent[3].id, body: "edited" });
  await a.do("message:react", { group, id: sent[4].id, emoji: "🍵", on: true });
  await a.do("message:delete", { group, id: sent[5].id });
  await b.do("read", { group, seq: 100 });
  await b.do("group:settings", { group, pinned: true });
  const { group: mine } = await b.do("group:create", { client_id: "mine", name: "Mine", emoji: "🍵", hue: 3 });
  await b.send(mine.id, "just me");
  const { group: gone } = await a.do("group:create", { client_id: "gone", name: "Gone" });
  await a.send(gone.id, "soon gone");
  await a.do("group:delete", { group: gone.id });
  const { groups, epoch } = await b.do("sync");
  return { anna, ben, group, asks, sent, groups, epoch };
}

/** What one who comes back finds: nothing to begin anew, nothing missed, all as it was. */
async function check(t, server, { anna, ben, asks, sent, group, groups, epoch }) {
  ben.server = anna.server = server;
  const device = await ben.connect(t);
  const since = Object.fromEntries(groups.map(({ id, rev }) => [id, rev]));
  const answer = await device.do("sync", { epoch, since });
  assert.equal(answer.epoch, epoch);
  const byId = (a, b) => (a.id < b.id ? -1 : 1);
  const plain = (list) => [...list].sort(byId).map(({ online, here, ...rest }) => rest);
  assert.deepEqual(plain(answer.groups), plain(groups));
  for (const changes of Object.values(answer.changes)) {
    assert.equal(changes.reset, undefined);
    assert.deepEqual(changes.messages, []);
  }
  const page = await device.do("history", { group, around: sent[4].seq, limit: 5 });
  assert.deepEqual(page.messages.map(({ seq }) => seq), [2, 3, 4, 5, 6].map((n) => sent[n].seq));
  assert.deepEqual(page.messages.map(({ body }) => body), [sent[2].body, "edited", sent[4].body, undefined, sent[6].body]);
  assert.equal(page.messages[2].reactions[0].emoji, "🍵");
  const other = await anna.connect(t);
  await other.do("sync");
  assert.deepEqual((await other.do("message:send", asks[7])).message, sent[7]);
  return { device, other };
}

test("to MongoDB and back, killed on the way", { skip }, async (t) => {
  const mongod = await Mongod.start(t);
  const uri = `${mongod.uri}/klatch`;
  const first = await Server.start(t, { env: NO_RATES });
  const before = await fill(t, first);
  assert.equal((await first.stop()).status, 0);
  const from = `sqlite:${join(first.data, "klatch.db")}`;

  const there = await copyThroughKills(t, from, uri);
  assert.ok(there.n > 0);
  assert.equal(there.users.count, 2);
  assert.match((await copy(from, uri)).stderr, /there is a store in this database already/);

  const second = await Server.start(t, { env: { ...NO_RATES, KLATCH_STORE_URI: uri }, listen: `127.0.0.1:${first.port}` });
  const { other } = await check(t, second, before);
  await other.do("group:settings", { group: before.group, pinned: true });
  const { message } = await other.send(before.group, "from MongoDB");
  assert.equal(message.seq, before.groups.find(({ id }) => id === before.group).last_message.seq + 1);
  assert.equal((await second.stop()).status, 0);

  const data = makeFolder(t);
  const path = join(data, "klatch.db");
  const back = await copyThroughKills(t, uri, `sqlite:${path}`);
  assert.ok(back.n > 0);
  assert.ok(existsSync(path) && !existsSync(`${path}.copying`));
  assert.equal(back.changes.count, there.changes.count + 1);
  const third = await Server.start(t, { data, env: NO_RATES });
  before.ben.server = third;
  const device = await before.ben.connect(t);
  const answer = await device.do("sync", { epoch: before.epoch, since: { [before.group]: message.rev - 1 } });
  assert.equal(answer.epoch, before.epoch);
  assert.deepEqual(answer.changes[before.group].messages, [message]);
  const next = await device.send(before.group, "from SQLite");
  assert.equal(next.message.seq, message.seq + 1);
});

test("the same store gives the same sums, from SQLite to SQLite too", async (t) => {
  const server = await Server.start(t, { env: NO_RATES });
  await fill(t, server);
  await server.stop();
  const folder = makeFolder(t);
  // What is secret in an address need not stand on the command line.
  writeFileSync(join(folder, "address"), `sqlite:${join(folder, "two.db")}\n`, { mode: 0o600 });
  const one = await copyThroughKills(t, `sqlite:${join(server.data, "klatch.db")}`, `sqlite:${join(folder, "one.db")}`);
  const two = await copy(`sqlite:${join(folder, "one.db")}`, `@${join(folder, "address")}`);
  assert.ok(existsSync(join(folder, "two.db")));
  assert.equal(two.status, 0, two.stderr);
  assert.deepEqual(counts(JSON.parse(two.stdout)), counts(one));
  const running = await Server.start(t, { data: server.data, env: NO_RATES });
  const refused = await copy(`sqlite:${join(running.data, "klatch.db")}`, `sqlite:${join(folder, "three.db")}`);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /another server uses the folder/);
});
