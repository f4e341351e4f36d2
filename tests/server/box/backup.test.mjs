// SPDX-License-Identifier: GPL-3.0-or-later
// Backup and restore by klatchctl: made while people talk, put back under a new epoch, refused where it would do harm,
// and whole or not there when it is killed or the disk is full.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DEADLINE_MS, Server, makeFolder, makePair, until } from "./klatch.mjs";

const NO_RATES = { KLATCH_LIMITS_MESSAGES_PER_SECOND: "0", KLATCH_LIMITS_READS_PER_SECOND: "0" };

function startCtl(data, words, command = []) {
  const [program, ...before] = [...command, process.env.KLATCHCTL];
  const child = spawn(program, [...before, "--data", data, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { child, stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  output.ended = once(child, "close").then(([status, signal]) => {
    clearTimeout(timer);
    return Object.assign(output, { status, signal });
  });
  return output;
}

const ctl = (data, ...words) => startCtl(data, words).ended;

/** What it answers, in JSON, when all goes well. */
async function ask(data, ...words) {
  const said = await ctl(data, "--json", ...words);
  assert.equal(said.status, 0, said.stderr);
  assert.equal(said.stderr, "");
  return JSON.parse(said.stdout);
}

async function refused(said, pattern, status = 1) {
  const { stdout, stderr, ...end } = await said;
  assert.equal(end.status, status, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, pattern);
  assert.match(stderr, /^klatchctl: .+\n$/);
}

/** Sends until it is told to stop, several at a time. → what was acknowledged, in the order of the acknowledgements */
function talk(device, group) {
  const talker = { sent: [], go: true };
  const lane = async (name) => {
    for (let i = 0; talker.go; i++) {
      const ask = { group, client_id: randomUUID(), body: `${name} ${i}` };
      const { message } = await device.do("message:send", ask);
      talker.sent.push({ ask, message });
    }
  };
  const lanes = ["p", "q", "r", "s"].map(lane);
  talker.stop = () => {
    talker.go = false;
    return Promise.all(lanes);
  };
  return talker;
}

async function wholeHistory(device, group) {
  const all = [];
  for (let before; ; ) {
    const page = await device.do("history", { group, limit: 100, ...(before && { before }) });
    all.unshift(...page.messages);
    if (!page.more_before) return all;
    before = page.messages[0].seq;
  }
}

test("what was acknowledged before the backup began is there after the restore, and clients begin anew", async (t) => {
  const server = await Server.start(t, { env: NO_RATES });
  const { anna, ben, a, b, group } = await makePair(t, server);
  const file = join(makeFolder(t), "klatch backup.db");
  const talker = talk(a, group);
  await until(() => talker.sent.length > 300);

  const before = [...talker.sent];
  const info = await ask(server.data, "backup", file);
  await talker.stop();
  assert.equal(info.file, file);
  assert.equal(info.users, 2);
  assert.equal(info.groups, 1);
  assert.ok(info.messages >= before.length, JSON.stringify(info));
  assert.equal(info.bytes, statSync(file).size);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(file, "..")), ["klatch backup.db"]);

  // Life goes on: a message, an edit, a person. Then time goes back.
  const last = await a.send(group, "after the backup");
  const edited = await a.do("message:edit", { group, id: before[0].message.id, body: "edited after the backup" });
  const clara = await server.person("clara");
  const { epoch: former, groups } = await b.do("sync");
  assert.equal((await server.stop()).status, 0);
  const restored = await ask(server.data, "restore", file);
  assert.notEqual(restored.epoch, former);
  assert.equal(restored.messages, info.messages);
  assert.ok(existsSync(restored.kept));
  assert.ok(existsSync(file));

  const second = await Server.start(t, { data: server.data, listen: `127.0.0.1:${server.port}`, env: NO_RATES });
  const back = await ben.connect(t);
  const answer = await back.do("sync", { epoch: former, since: { [group]: groups[0].rev } });
  assert.equal(answer.epoch, restored.epoch);
  assert.equal(answer.changes[group].reset, true);
  const history = await wholeHistory(back, group);
  const byId = new Map(history.map((message) => [message.id, message]));
  for (const { message } of before) assert.deepEqual(byId.get(message.id), message);
  assert.deepEqual(history.map(({ seq }) => seq), history.map((_, i) => i + 1));
  assert.equal(history.length, info.messages);
  assert.ok(!byId.has(last.message.id));
  assert.notEqual(byId.get(edited.message.id).body, "edited after the backup");
  // Whoever came later is nobody again.
  assert.equal((await second.request("GET", "/api/v1/me", { token: clara.token })).status, 401);

  // A deed from before is known, and the log goes on where it was.
  const again = await anna.connect(t);
  await again.do("sync");
  assert.deepEqual((await again.do("message:send", before[7].ask)).message, before[7].message);
  const next = await again.send(group, "and on");
  assert.equal(next.message.seq, history.length + 1);
  await back.event("message", ({ message }) => message.id === next.message.id);
  assert.equal((await second.stop()).status, 0);

  // What was replaced was kept, and can be put back.
  await ask(server.data, "restore", restored.kept);
  const third = await Server.start(t, { data: server.data, listen: `127.0.0.1:${server.port}`, env: NO_RATES });
  assert.equal((await third.request("GET", "/api/v1/me", { token: clara.token })).status, 200);
});

test("a backup overwrites nothing, and needs no server", async (t) => {
  const server = await Server.start(t);
  const { a, group } = await makePair(t, server);
  await a.send(group, "hello");
  const folder = makeFolder(t);
  const file = join(folder, "there.db");
  writeFileSync(file, "precious");
  await refused(ctl(server.data, "backup", file), /there\.db is there already/);
  assert.equal(readFileSync(file, "utf8"), "precious");
  await refused(ctl(server.data, "backup", join(folder, "nowhere", "b.db")), /nowhere.*No such file/);
  await refused(ctl(server.data, "backup"), /the command is: backup FILE/, 2);
  await refused(ctl(server.data, "backup", file, file), /the command is: backup FILE/, 2);

  // Killed, it leaves its log behind, in which all of it may stand.
  await server.kill();
  const offline = await ask(server.data, "backup", join(folder, "offline.db"));
  assert.equal(offline.messages, 3);
  assert.deepEqual(readdirSync(folder).sort(), ["offline.db", "there.db"]);
  await refused(ctl(join(folder, "empty"), "backup", join(folder, "x.db")), /klatch\.db cannot be read/);
});

test("where the store lies the server says, else --store", async (t) => {
  const elsewhere = join(makeFolder(t), "my chat.db");
  const server = await Server.start(t, { env: { KLATCH_STORE_URI: `sqlite:${elsewhere}` } });
  await server.person("anna");
  const folder = makeFolder(t);
  assert.equal((await ask(server.data, "backup", join(folder, "1.db"))).users, 1);
  assert.equal((await ask(server.data, "status")).store, `sqlite:${elsewhere}`);
  await server.stop();
  await refused(ctl(server.data, "backup", join(folder, "2.db")), /klatch\.db cannot be read/);
  assert.equal((await ask(server.data, "--store", `sqlite:${elsewhere}`, "backup", join(folder, "2.db"))).users, 1);
  for (const words of [["backup", join(folder, "3.db")], ["restore", join(folder, "1.db")]]) {
    const said = ctl(server.data, "--store", "mongodb://db.example/klatch", ...words);
    await refused(said, /MongoDB .*(mongodump|mongorestore)/);
  }
});

test("a restore that cannot be changes nothing", async (t) => {
  const server = await Server.start(t);
  const { a, group } = await makePair(t, server);
  await a.send(group, "x".repeat(10000));
  const folder = makeFolder(t);
  const good = join(folder, "good.db");
  await ask(server.data, "backup", good);
  await refused(ctl(server.data, "restore", good), /another server uses the folder/);
  await a.send(group, "still there");
  await server.stop();

  const store = join(server.data, "klatch.db");
  const bytes = readFileSync(store);
  const files = readdirSync(server.data).sort();
  const bad = (name, change) => {
    const path = join(folder, name);
    const content = Buffer.from(readFileSync(good));
    writeFileSync(path, change(content) ?? content);
    return path;
  };
  const rows = [
    [bad("empty.db", () => ""), /is empty/],
    [bad("text.db", () => "This is no database. ".repeat(1000)), /not a database/],
    [bad("short.db", (content) => content.subarray(0, content.length / 2)), /damaged|malformed/],
    [bad("hole.db", (content) => content.fill(0, 8192, content.length - 8192)), /damaged|malformed/],
    // What nobody would notice for a long time.
    [bad("subtle.db", (content) => void content.writeUInt32BE(5, 36)), /subtle\.db is damaged: /],
    [bad("foreign.db", (content) => void content.writeUInt32BE(0x12345678, 68)), /is not a store of Klatch/],
    [bad("newer.db", (content) => void content.writeUInt32BE(99, 60)), /is of version 99, .*please use a newer/],
    [join(folder, "missing.db"), /no file that could be restored/],
    [folder, /no file that could be restored/],
  ];
  for (const [file, pattern] of rows) {
    await refused(ctl(server.data, "restore", file), pattern);
    assert.deepEqual(readFileSync(store), bytes, file);
    assert.deepEqual(readdirSync(server.data).sort(), files, file);
  }
});

test("a damaged store can be replaced", async (t) => {
  const server = await Server.start(t);
  const { a, group } = await makePair(t, server);
  await a.send(group, "kept");
  const folder = makeFolder(t);
  const good = join(folder, "good.db");
  const info = await ask(server.data, "backup", good);
  await a.send(group, "lost");
  await server.kill();
  const store = join(server.data, "klatch.db");
  truncateSync(store, 5000);
  writeFileSync(store, "rubbish", { flag: "r+" });
  const { messages, epoch } = await ask(server.data, "restore", good);
  assert.equal(messages, info.messages);
  // The log of the damaged one, in which all of it still stood, is not taken for the new one's.
  const again = await Server.start(t, { data: server.data });
  const status = await ask(server.data, "status");
  assert.equal(status.epoch, epoch);
  assert.equal(status.messages, info.messages);
  await again.stop();
  // On a machine that never had one, into a folder that is not there.
  const fresh = join(folder, "new", "data");
  const restored = await ask(fresh, "restore", good);
  assert.equal(restored.kept, undefined);
  assert.equal(statSync(fresh).mode & 0o777, 0o700);
  assert.equal(statSync(join(fresh, "klatch.db")).mode & 0o777, 0o600);
});

/** A store with some megabytes, so that there is time to be killed in. */
async function makeLarge(t) {
  const server = await Server.start(t, { env: NO_RATES });
  const { a, group } = await makePair(t, server);
  for (let i = 0; i < 40; i++) {
    await Promise.all(Array.from({ length: 10 }, (_, k) => a.send(group, `${i} ${k} ${randomUUID().repeat(400)}`)));
  }
  return { server, a, group };
}

test("killed at any moment it leaves what was, or what shall be", async (t) => {
  const { server, a, group } = await makeLarge(t);
  const folder = makeFolder(t);
  const file = join(folder, "b.db");
  const good = join(folder, "good.db");

  let began = Date.now();
  const info = await ask(server.data, "backup", good);
  let full = Date.now() - began;
  for (let i = 0; i < 12; i++) {
    const going = startCtl(server.data, ["backup", file]);
    await delay((full * i) / 11);
    going.child.kill("SIGKILL");
    await going.ended;
    if (!existsSync(file)) continue;
    const check = await ask(makeFolder(t), "restore", file);
    assert.equal(check.messages, info.messages);
    break;
  }
  // What was left is no hindrance, and gone in the end.
  if (!existsSync(file)) await ask(server.data, "backup", file);
  assert.deepEqual(readdirSync(folder).sort(), ["b.db", "good.db"]);

  await a.send(group, "one more");
  await server.kill();
  const counts = new Set();
  began = Date.now();
  await ask(join(folder, "elsewhere"), "restore", good);
  full = Date.now() - began;
  for (let i = 0; i < 16; i++) {
    const going = startCtl(server.data, ["restore", good]);
    await delay((full * i) / 15);
    going.child.kill("SIGKILL");
    await going.ended;
    const now = await ask(server.data, "backup", join(folder, `after ${i}.db`));
    assert.ok([info.messages, info.messages + 1].includes(now.messages), String(now.messages));
    counts.add(now.messages);
  }
  assert.ok(counts.size > 0);
  await ask(server.data, "restore", good);
  const left = readdirSync(server.data).filter((name) => name.startsWith("klatch.db"));
  assert.deepEqual(left.sort(), ["klatch.db", "klatch.db.before-restore"]);
  const again = await Server.start(t, { data: server.data });
  await again.stop();
});

test("on a full disk nothing is left behind", async (t) => {
  const { server } = await makeLarge(t);
  const folder = makeFolder(t);
  const good = join(folder, "good.db");
  const info = await ask(server.data, "backup", good);
  await server.stop();
  const limited = (words, bytes) => startCtl(server.data, words, ["prlimit", `--fsize=${bytes}`]).ended;
  const files = readdirSync(server.data).sort();
  for (const bytes of [0, 4096, 1 << 20, info.bytes - 4096]) {
    await refused(limited(["backup", join(folder, "b.db")], bytes), /disk|too large|full|I\/O/);
    await refused(limited(["restore", good], bytes), /disk|too large|full|I\/O/);
  }
  assert.deepEqual(readdirSync(folder), ["good.db"]);
  assert.deepEqual(readdirSync(server.data).sort(), files);
  assert.equal((await ask(server.data, "backup", join(folder, "b.db"))).messages, info.messages);
});

test("a backup is read from where nothing may be written", async (t) => {
  const server = await Server.start(t);
  await server.person("anna");
  const folder = makeFolder(t);
  const vault = join(folder, "vault");
  mkdirSync(vault);
  await ask(server.data, "backup", join(vault, "b.db"));
  // Other tools' copies say that they have a write-ahead log.
  const content = readFileSync(join(vault, "b.db"));
  content.writeUInt16BE(0x0202, 18);
  writeFileSync(join(vault, "b.db"), content);
  chmodSync(vault, 0o500);
  try {
    assert.equal((await ask(join(folder, "new"), "restore", join(vault, "b.db"))).users, 1);
    assert.deepEqual(readdirSync(vault), ["b.db"]);
  } finally {
    chmodSync(vault, 0o700);
  }
  assert.deepEqual(readFileSync(join(vault, "b.db")), content);
});
