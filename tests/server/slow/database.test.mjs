// SPDX-License-Identifier: GPL-3.0-or-later
// Other hands in the database, a log that somebody holds, and a group too large to be deleted at once.
import "./program.mjs";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Server, makeFolder, until } from "../box/klatch.mjs";
import { FREE, Light, each, makePair, measureSends, percentile } from "./crowd.mjs";

const database = (server) => join(server.data, "klatch.db");
const logMib = (server) => statSync(`${database(server)}-wal`).size / 1048576;

/** Another program in the database, with words said to it one after the other. */
async function shell(t, server, words) {
  const child = spawn("sqlite3", [database(server)], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill());
  child.stdin.write(`${words}\nSELECT 'done';\n`);
  await once(child.stdout, "data");
  return {
    say: (more) => child.stdin.write(`${more}\n`),
    end: async (more) => {
      child.stdin.end(`${more}\n`);
      await once(child, "exit");
    },
  };
}

const ctl = (server, ...args) => execFileSync(process.env.KLATCHCTL, ["--data", server.data, ...args]).toString();

/** How long the loop needs for what asks no database. */
function measureAnswers(light, group) {
  const times = [];
  let going = true;
  const done = (async () => {
    for (let i = 0; going; i++) {
      const start = performance.now();
      await light.do("typing", { group, on: i % 2 === 0 });
      times.push(performance.now() - start);
      await delay(20);
    }
  })();
  return async () => {
    going = false;
    await done;
    return times;
  };
}

test("a tool that locks the database makes sends wait or unavailable, and nothing else (C104)", async (t) => {
  const server = await Server.start(t, { env: FREE });
  const { a, b, group } = await makePair(server);
  const answersEnd = measureAnswers(b, group);
  const tool = await shell(t, server, "BEGIN IMMEDIATE;");
  const acked = [];
  const codes = new Set();
  const locked = Date.now();
  let waiting = 0;
  while (Date.now() - locked < 20000) {
    const body = `locked ${acked.length + waiting++}`;
    a.ask("message:send", { group, client_id: randomUUID(), body }).then((answer) => {
      if (answer.ok) acked.push(answer.message.body);
      else {
        codes.add(answer.error.code);
        assert.ok(answer.error.retry_after_ms > 0);
      }
    });
    // Reads go on, and who comes is let in.
    await b.do("history", { group });
    await delay(250);
  }
  const c = await Light.connect(server.port, a.token);
  await c.do("sync");
  // A backup only reads.
  ctl(server, "backup", join(makeFolder(t), "locked.backup"));
  assert.equal(acked.length, 0, "what is locked is not stored");
  await tool.end("COMMIT;");
  await until(async () => (await a.ask("message:send", { group, client_id: randomUUID(), body: "free" })).ok, "it heals");
  const times = await answersEnd();
  t.diagnostic(`locked 20 s: ${[...codes]}; others p99 ${percentile(times, 99).toFixed(0)} ms, at most ${Math.max(...times).toFixed(0)} ms`);
  assert.deepEqual([...codes], ["unavailable"]);
  assert.ok(percentile(times, 99) < 1000);
  assert.equal((await b.do("history", { group })).messages.at(-1).body, "free");

  // VACUUM and a copy from outside, under load: neither side fails.
  const sends = Array.from({ length: 4 }, () => measureSends(a, group, 5));
  ctl(server, "backup", join(makeFolder(t), "busy.backup"));
  execFileSync("sqlite3", ["-cmd", ".timeout 30000", database(server), "VACUUM;"]);
  execFileSync("sqlite3", ["-cmd", ".timeout 30000", database(server), `VACUUM INTO '${join(makeFolder(t), "copy.db")}';`]);
  execFileSync("sqlite3", ["-cmd", ".timeout 30000", database(server), `.backup '${join(makeFolder(t), "copy.db")}'`]);
  for (const send of sends) {
    const measured = await send.stop();
    assert.ok((measured.refused ?? []).every((code) => code === "unavailable"), String(measured.refused));
    assert.ok(measured.length > 0);
  }
  assert.doesNotMatch(server.stderr, /CRITICAL|internal/i);
});

test("a log that somebody holds grows, slows nobody, and is small again afterwards (C102)", async (t) => {
  const server = await Server.start(t, { env: FREE });
  const { a, b, group } = await makePair(server);
  const body = "x".repeat(8000);
  const fill = async (mib) => {
    for (const limit = logMib(server) + mib; logMib(server) < limit; ) await each(64, 64, () => a.send(group, body));
  };
  const quiet = measureSends(b, group, 5);
  await delay(4000);
  const before = percentile(await quiet.stop(), 95);

  const reader = await shell(t, server, "BEGIN;\nSELECT count(*) FROM messages;");
  await fill(160);
  const held = measureSends(b, group, 5);
  await delay(4000);
  const during = percentile(await held.stop(), 95);
  const largest = logMib(server);
  const told = /^klatch_sqlite_wal_bytes (\S+)$/m.exec(ctl(server, "metrics"));
  assert.ok(Number(told[1]) > 150 * 1048576, "the metrics tell of it");
  t.diagnostic(`the log is ${largest.toFixed(0)} MiB; sends took ${before.toFixed(1)} ms (p95) before, ${during.toFixed(1)} ms with it`);
  assert.ok(during < 3 * before + 100, `${before} ms before, ${during} ms`);
  await reader.end("COMMIT;");

  // Little is said afterwards, and that is enough.
  const since = Date.now();
  await until(async () => {
    await a.send(group, "so");
    return logMib(server) <= 64;
  }, "the log is small again", 60000);
  t.diagnostic(`small again after ${Date.now() - since} ms`);

  // And if nothing at all is said.
  const again = await shell(t, server, "BEGIN;\nSELECT count(*) FROM messages;");
  await fill(Math.max(0, 100 - logMib(server)));
  await again.end("COMMIT;");
  await until(() => logMib(server) <= 64, "the log is small again in silence", 60000);
});

/** Makes a group of one message as large as this, the server being stopped. */
function inflate(data, group, messages, members) {
  const sql = `
    CREATE TEMP TABLE it AS SELECT g, (g << 40) AS base FROM groups WHERE id = '${group}';
    CREATE TEMP TABLE one AS SELECT m.rev, m.sender, m.place & ((1 << 40) - 1) AS seq, b.json, b.created_at, b.id
      FROM messages m JOIN bodies b ON b.body = m.body WHERE m.place > (SELECT base FROM it) ORDER BY m.place DESC LIMIT 1;
    CREATE TEMP TABLE top AS SELECT rev, seq, (SELECT max(body) FROM bodies) AS body, (SELECT max(u) FROM users) AS u FROM heads WHERE g = (SELECT g FROM it);
    BEGIN;
    INSERT INTO bodies SELECT top.body + n.value, it.base + top.seq + n.value, one.created_at, printf('x%025d', n.value),
      replace(replace(one.json, one.id, printf('x%025d', n.value)), '"seq":' || one.seq || ',', '"seq":' || (top.seq + n.value) || ',')
      FROM generate_series(1, ${messages}) n, top, it, one;
    INSERT INTO messages SELECT it.base + top.seq + n.value, top.rev + n.value, 0, one.sender, top.body + n.value
      FROM generate_series(1, ${messages}) n, top, it, one;
    INSERT INTO changes SELECT it.base + top.rev + n.value, 1, top.seq + n.value, 1 FROM generate_series(1, ${messages}) n, top, it;
    INSERT INTO users SELECT top.u + n.value, printf('u%025d', n.value), 'crowd' || n.value, 'Crowd ' || n.value, NULL, NULL, 0, 1, 0, 0, 0, 0, 1, 1, 'crowd' || n.value
      FROM generate_series(1, ${members}) n, top;
    INSERT INTO members SELECT it.g, top.u + n.value, top.rev, 1, 1, 0, 0, 0 FROM generate_series(1, ${members}) n, top, it;
    UPDATE heads SET rev = rev + ${messages}, seq = seq + ${messages}, last_seq = seq + ${messages} WHERE g = (SELECT g FROM it);
    UPDATE groups SET members = members + ${members} WHERE g = (SELECT g FROM it);
    COMMIT;`;
  execFileSync("sqlite3", [join(data, "klatch.db")], { input: sql, stdio: ["pipe", "inherit", "inherit"] });
}

const count = (data, sql) => Number(execFileSync("sqlite3", ["-readonly", "-cmd", ".timeout 5000", join(data, "klatch.db"), sql]).toString());

test("a group of a million messages is gone at once for all, and its rows go without a stop (C112)", async (t) => {
  const MESSAGES = 1000000;
  const MEMBERS = 9000;
  let server = await Server.start(t, { env: FREE });
  const { anna, ben, a, group: other } = await makePair(server);
  const { group: huge } = await a.do("group:create", { client_id: randomUUID(), name: "Huge", visibility: "public" });
  await a.send(huge.id, "y".repeat(100));
  const { invite } = await a.do("group:invite", { group: huge.id, link: true });
  const g = count(server.data, `SELECT g FROM groups WHERE id = '${huge.id}'`);
  const rows = () =>
    count(server.data, `SELECT (SELECT count(*) FROM messages WHERE place >> 40 = ${g}) + (SELECT count(*) FROM changes WHERE place >> 40 = ${g})`);
  await server.stop();
  inflate(server.data, huge.id, MESSAGES, MEMBERS);

  const listen = `127.0.0.1:${server.port}`;
  server = await Server.start(t, { data: server.data, listen, env: FREE });
  const again = await Light.connect(server.port, anna.token);
  const { groups } = await again.do("sync");
  assert.equal(groups.find(({ id }) => id === huge.id).members, MEMBERS + 1);
  const b = await Light.connect(server.port, ben.token);
  await b.do("sync");
  const quiet = measureSends(b, other, 5);
  await delay(4000);
  const before = await quiet.stop();

  const start = performance.now();
  const work = measureSends(b, other, 5);
  await again.do("group:delete", { group: huge.id });
  const took = performance.now() - start;
  assert.ok(took < 2000, `${took} ms`);
  for (const [event, argument] of [["history", { group: huge.id }], ["group:join", { group: huge.id }], ["invite:show", { code: invite.code }]]) {
    assert.equal((await b.ask(event, argument)).error.code, "not_found", event);
  }
  await delay(4000);
  const during = await work.stop();
  t.diagnostic(`deleted in ${took.toFixed(0)} ms; sends p95 ${percentile(before, 95).toFixed(1)} ms before, ${percentile(during, 95).toFixed(1)} ms meanwhile, p99 ${percentile(before, 99).toFixed(1)} and ${percentile(during, 99).toFixed(1)}`);
  assert.ok(percentile(during, 95) < 3 * percentile(before, 95) + 200);
  const left = rows();
  assert.ok(left > 0, "the end came in the midst of it");

  await server.kill();
  server = await Server.start(t, { data: server.data, listen, env: FREE });
  await until(() => rows() < left, "it goes on");
  const since = Date.now();
  await until(() => count(server.data, "SELECT count(*) FROM purges") === 0, "all is gone", 100000);
  t.diagnostic(`${left} rows were left at the kill, gone ${Date.now() - since} ms later`);
  for (const [table, where] of [["messages", `place >> 40 = ${g}`], ["bodies", `place >> 40 = ${g}`], ["bans", `g = ${g}`], ["invites", `g = ${g}`]]) {
    assert.equal(count(server.data, `SELECT count(*) FROM ${table} WHERE ${where}`), 0, table);
  }
  assert.ok(rows() <= 3, "but for the group's own entries nothing");
  // Who was in it is remembered: what is repeated is answered as before.
  const c = await Light.connect(server.port, anna.token);
  assert.deepEqual((await c.do("sync")).groups.map(({ id }) => id), [other]);
  await c.do("group:delete", { group: huge.id });
  await c.do("group:leave", { group: huge.id });

  // What it took is used again.
  const free = count(server.data, "PRAGMA freelist_count");
  assert.ok(free > 10000, `${free} pages`);
  const size = statSync(database(server)).size;
  await each(2000, 64, () => c.send(other, "z".repeat(8000)));
  assert.equal((await server.stop()).status, 0);
  assert.equal(statSync(database(server)).size, size);
  assert.equal(execFileSync("sqlite3", [database(server), "PRAGMA integrity_check"]).toString(), "ok\n");
});
