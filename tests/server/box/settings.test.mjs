// SPDX-License-Identifier: GPL-3.0-or-later
// The command line: versions, faults, refusals, each with its sentence and its status.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Mongod, mongodIsThere } from "../../kit/mongod.mjs";
import { PROGRAM, Server, makeFolder, run, secretOf } from "./klatch.mjs";

/** One clear sentence on standard error, nothing on standard output, status 2. */
function assertRefused(ended, pattern) {
  assert.equal(ended.status, 2, ended.stderr);
  assert.equal(ended.stdout, "");
  const lines = ended.stderr.trim().split("\n");
  assert.equal(lines.length, 1, ended.stderr);
  assert.match(lines[0], pattern);
}

test("--version, --help and what is not understood", async () => {
  const version = await run(["--version"]);
  assert.match(version.stdout, /^klatch-server \d+\.\d+\.\d+\n$/);
  assert.equal(version.stderr, "");
  assert.equal(version.status, 0);
  assert.equal((await run(["--help"])).status, 0);
  assertRefused(await run(["--nonsense"]), /--nonsense/);
  assertRefused(await run(["nonsense"]), /nonsense/);
});

test("--check-config", async (t) => {
  const file = join(makeFolder(t), "server.conf");
  const check = (text, env) => {
    writeFileSync(file, text);
    return run(["--config", file, "--check-config"], env);
  };
  assert.deepEqual(await check("[server]\nname=Tea\n"), { stdout: "", stderr: "", status: 0, signal: null });

  const bad = await check("[server]\nnam=Tea\n[limits]\nmessage_bytes=many\n[calls]\nturn=turn:x\n[tls]\nkey=/k\n");
  assert.equal(bad.status, 2);
  assert.equal(bad.stdout, "");
  const lines = bad.stderr.trim().split("\n");
  assert.equal(lines.length, 4, bad.stderr);
  assert.match(lines[0], /server\.conf: \[server\] nam: there is no such key/);
  assert.match(bad.stderr, /\[limits\] message_bytes: must be a whole number/);
  assert.match(bad.stderr, /\[calls\] turn_secret: is missing/);
  assert.match(bad.stderr, /\[tls\] certificate: is missing/);

  const secret = await check("[store]\nuri=mongodb://klatch:geheim@h/klatch\n", { KLATCH_BUS_URI: "redis://:geheim@h/x" });
  assert.equal(secret.status, 2);
  assert.doesNotMatch(secret.stderr, /geheim/);
  assertRefused(await run(["--config", "/nonexistent", "--check-config"]), /nonexistent/);
  assertRefused(await run(["--check-config"], { KLATCH_REGISTRATION_POLICY: "nobody" }), /KLATCH_REGISTRATION_POLICY: must be one of/);
  assert.equal((await run(["--check-config"], { KLATCH_SERVER_PORT: "tcp://10.0.0.1:80" })).status, 0);
  // Checking leaves no trace.
  const data = join(makeFolder(t), "data");
  assert.equal((await run(["--check-config", "--data", data])).status, 0);
  assert.equal(existsSync(data), false);
});

test("the command line stands above the environment, and that above the file", async (t) => {
  const file = join(makeFolder(t), "server.conf");
  writeFileSync(file, "[server]\nname=File\nlisten=127.0.0.1:1\n[limits]\nmembers_per_group=7\n");
  const server = await Server.start(t, { args: ["--config", file], env: { KLATCH_SERVER_NAME: "Environment", KLATCH_SERVER_LISTEN: "127.0.0.1:2" } });
  const { json } = await server.api("GET", "server");
  assert.equal(json.name, "Environment");
  assert.equal(json.limits.members_per_group, 7);
});

test("an unknown group of the file is said, and no fault", async (t) => {
  const file = join(makeFolder(t), "server.conf");
  writeFileSync(file, "[federation]\npeers=none\n");
  const server = await Server.start(t, { args: ["--config", file] });
  assert.match(server.stderr, /\[federation\]/);
});

test("a port in use", async (t) => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  t.after(() => taken.close());
  const { port } = taken.address();
  assertRefused(await run(["--data", makeFolder(t), "--listen", `127.0.0.1:${port}`]), new RegExp(String(port)));
});

test("an address that is not this machine's", async (t) => {
  assertRefused(await run(["--data", makeFolder(t), "--listen", "192.0.2.1:0"]), /192\.0\.2\.1/);
});

test("a data folder in use, of another domain, of a newer version, or no database", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_SERVER_DOMAIN: "tea.example" } });
  const again = () => run(["--data", server.data, "--listen", "127.0.0.1:0"], { KLATCH_SERVER_DOMAIN: "tea.example" });
  assertRefused(await again(), /use/);
  assert.equal((await server.api("GET", "server")).status, 200);
  await server.stop();

  assertRefused(
    await run(["--data", server.data, "--listen", "127.0.0.1:0"], { KLATCH_SERVER_DOMAIN: "coffee.example" }),
    /tea\.example/,
  );
  const file = join(server.data, "klatch.db");
  execFileSync("sqlite3", [file, "PRAGMA user_version = 9999"]);
  assertRefused(await again(), /newer/);

  const broken = makeFolder(t);
  writeFileSync(join(broken, "klatch.db"), "this is not a database, however long one looks at it".repeat(100));
  assertRefused(await run(["--data", broken, "--listen", "127.0.0.1:0"]), /klatch\.db/);
});

test("a data folder in use, whose database is elsewhere", async (t) => {
  const elsewhere = makeFolder(t);
  const server = await Server.start(t, { env: { KLATCH_STORE_URI: `sqlite:${join(elsewhere, "one.db")}` } });
  const other = { KLATCH_STORE_URI: `sqlite:${join(makeFolder(t), "other.db")}` };
  assertRefused(await run(["--data", server.data, "--listen", "127.0.0.1:0"], other), /another server uses the folder/);
  // A lock ends with its server.
  await server.stop();
  await Server.start(t, { data: server.data, env: other });
});

test("a data folder in use by a node on MongoDB", { skip: !mongodIsThere() && "there is no MongoDB here" }, async (t) => {
  const mongod = await Mongod.start(t);
  const env = { KLATCH_STORE_URI: `${mongod.uri}/klatch_folder` };
  const node = await Server.start(t, { env });
  assertRefused(await run(["--data", node.data, "--listen", "127.0.0.1:0"], env), /another server uses the folder/);
  assert.equal((await node.api("GET", "server")).status, 200);
  const second = await Server.start(t, { env });
  assert.equal((await second.api("GET", "server")).status, 200);
});

test("a data folder that cannot be made", async (t) => {
  const file = join(makeFolder(t), "file");
  writeFileSync(file, "");
  assertRefused(await run(["--data", join(file, "data"), "--listen", "127.0.0.1:0"]), /cannot be made/);
});

test("what it makes is for its user alone", async (t) => {
  const data = join(makeFolder(t), "a", "b");
  await Server.start(t, { data });
  const mode = (path) => statSync(path).mode & 0o777;
  assert.equal(mode(data), 0o700);
  assert.equal(mode(join(data, "klatch.db")), 0o600);
  assert.equal(mode(join(data, "admin.sock")), 0o600);

  // A folder that is there already keeps its rights: it may be somebody's.
  const open = join(makeFolder(t), "open");
  mkdirSync(open, { mode: 0o755 });
  await Server.start(t, { data: open });
  assert.equal(mode(open), 0o755);
  assert.equal(mode(join(open, "klatch.db")), 0o600);
});

test("the limit of descriptors is raised", async (t) => {
  const child = await Server.start(t, { command: ["sh", "-c", 'ulimit -Sn 256; exec "$0" "$@"', PROGRAM] });
  const limits = execFileSync("grep", ["open files", `/proc/${child.child.pid}/limits`]).toString();
  const [, soft, hard] = limits.match(/(\d+)\s+(\d+)\s+files/);
  assert.equal(soft, hard);
});

test("no secret is in what it says", async (t) => {
  const server = await Server.start(t, { env: { G_MESSAGES_DEBUG: "all" } });
  const anna = await server.person("anna");
  await anna.connect(t);
  await server.api("POST", "sessions", { body: { name: "anna", password: "a wrong secret" } });
  await server.stop();
  for (const secret of [anna.token, secretOf("anna"), "a wrong secret"]) assert.ok(!server.stderr.includes(secret));
});
