// SPDX-License-Identifier: GPL-3.0-or-later
// Sessions with live connections: who is signed out hears it at once, and nobody else does.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { Person, Server, secretOf, until } from "./klatch.mjs";

async function signIn(server, name, password, device) {
  const answer = await server.api("POST", "sessions", { body: { name, password, device } });
  assert.equal(answer.status, 201);
  return new Person(server, answer.json.user, answer.json.token);
}

async function assertRevoked(device) {
  const notice = await device.event("notice");
  assert.equal(notice.code, "revoked");
  assert.equal(typeof notice.message, "string");
  await until(() => device.reason);
  assert.equal(device.reason, "io server disconnect");
}

test("ending a session ends its connections, all of them, on both transports", async (t) => {
  const server = await Server.start(t);
  const laptop = await server.person("anna");
  const phone = await signIn(server, "anna", secretOf("anna"), "Phone");
  const kept = await laptop.connect(t);
  const ends = [await phone.connect(t), await phone.connect(t), await phone.connect(t, { transports: ["polling"] })];
  for (const device of [kept, ...ends]) await device.do("sync");

  const { sessions } = (await laptop.api("GET", "sessions")).json;
  const { id } = sessions.find(({ device }) => device === "Phone");
  assert.equal((await laptop.api("DELETE", `sessions/${id}`)).status, 204);
  for (const device of ends) await assertRevoked(device);
  await assert.rejects(phone.connect(t), (error) => error.data.code === "unauthorized");
  assert.equal(kept.reason, undefined);
  await kept.do("sync");
  assert.ok(!kept.events.some(({ name }) => name === "notice"));
});

test("a new password ends all other sessions and keeps this one", async (t) => {
  const server = await Server.start(t);
  const here = await server.person("anna");
  const there = await signIn(server, "anna", secretOf("anna"), "Phone");
  const ben = await server.person("ben");
  const own = await here.connect(t);
  const other = await there.connect(t);
  const foreign = await ben.connect(t);
  for (const device of [own, other, foreign]) await device.do("sync");

  const changed = await here.api("PUT", "me/password", { body: { old: secretOf("anna"), new: "better horse" } });
  assert.equal(changed.status, 204);
  await assertRevoked(other);
  await own.do("sync");
  await foreign.do("sync");
  assert.equal((await here.api("GET", "me")).status, 200);
  const again = await here.connect(t);
  await again.do("sync");
  assert.equal((await there.api("GET", "me")).status, 401);
});

test("many change their passwords at once, one changes his twice", async (t) => {
  const server = await Server.start(t);
  const people = [];
  for (let i = 0; i < 8; i++) people.push(await server.person(`person${i}`));
  const answers = await Promise.all(
    people.map((person) => person.api("PUT", "me/password", { body: { old: secretOf(person.name), new: "better horse" } })),
  );
  assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(204));

  const [anna] = people;
  const twice = await Promise.all([1, 2].map((i) => anna.api("PUT", "me/password", { body: { old: "better horse", new: `other horse ${i}` } })));
  const won = twice.findIndex(({ status }) => status === 204);
  assert.ok(won >= 0);
  assert.equal(twice.filter(({ status }) => status === 204).length, 1);
  assert.ok([403, 503].includes(twice[1 - won].status), twice[1 - won].text);
  assert.equal((await server.api("POST", "sessions", { body: { name: anna.name, password: `other horse ${won + 1}` } })).status, 201);
  assert.equal((await server.api("POST", "sessions", { body: { name: anna.name, password: `other horse ${2 - won}` } })).status, 401);
});

test("a changed profile reaches one's other devices and the people of one's groups", async (t) => {
  const server = await Server.start(t);
  const anna = await server.person("anna");
  const ben = await server.person("ben");
  const carol = await server.person("carol");
  const [a, b, c] = [await anna.connect(t), await ben.connect(t), await carol.connect(t)];
  for (const device of [a, b, c]) await device.do("sync");
  const { group } = await a.do("group:create", { client_id: "1", name: "Tea", visibility: "public" });
  await b.do("group:join", { group: group.id });

  await anna.api("PATCH", "me", { body: { display_name: "Anna B." } });
  const toBen = await b.event("user", ({ user }) => user.id === anna.id);
  assert.equal(toBen.user.display_name, "Anna B.");
  assert.equal(toBen.user.read_receipts, undefined, "what is mine alone stays with me");
  const own = await a.event("user", ({ user }) => user.id === anna.id);
  assert.equal(own.user.read_receipts, true);
  // Ben's answer is behind whatever Carol could have been sent.
  await b.send(group.id, "hello");
  await c.do("sync");
  assert.ok(!c.events.some(({ name }) => name === "user"));
});

test("stronger parameters are used from the next sign-in on", async (t) => {
  const server = await Server.start(t);
  await server.person("anna");
  await server.stop();
  const raised = await Server.start(t, { data: server.data, env: { KLATCH_REGISTRATION_ARGON2_MEMORY_KIB: "64", KLATCH_REGISTRATION_ARGON2_PASSES: "3" } });
  await signIn(raised, "anna", secretOf("anna"));
  assert.equal((await raised.api("POST", "sessions", { body: { name: "anna", password: "wrong" } })).status, 401);
  await signIn(raised, "anna", secretOf("anna"));
  await raised.stop();
  const hash = execFileSync("sqlite3", [join(server.data, "klatch.db"), "SELECT hash FROM passwords"]).toString();
  assert.match(hash, /^\$argon2id\$v=19\$m=64,t=3,p=1\$/);
  const back = await Server.start(t, { data: server.data });
  await signIn(back, "anna", secretOf("anna"));
});

test("a session ends 90 days after its last use, and each use counts anew", async (t) => {
  const DAY_MS = 24 * 3600 * 1000;
  const server = await Server.start(t);
  const old = await server.person("anna");
  const used = await signIn(server, "anna", secretOf("anna"), "Used");
  const fresh = await signIn(server, "anna", secretOf("anna"), "Fresh");
  const sql = (text) => execFileSync("sqlite3", ["-cmd", ".timeout 20000", join(server.data, "klatch.db"), text]).toString().trim();
  const age = (device, days) =>
    sql(`UPDATE sessions SET last_seen_at = ${Date.now() - days * DAY_MS} WHERE ifnull(device, '') = '${device}'`);
  age("", 90.01);
  age("Used", 89.9);

  assert.equal((await old.api("GET", "me")).status, 401);
  await assert.rejects(old.connect(t), (error) => error.data.code === "unauthorized");
  assert.equal((await used.api("GET", "me")).status, 200);
  await until(async () => {
    const { sessions } = (await fresh.api("GET", "sessions")).json;
    assert.deepEqual(sessions.map(({ device }) => device).sort(), ["Fresh", "Used"]);
    return sessions.every(({ last_seen_at }) => last_seen_at > Date.now() - DAY_MS);
  }, "the use is written down");
  await server.stop();
  // What nobody can use is thrown away at the next start.
  assert.equal(sql("SELECT count(*) FROM sessions"), "3");
  await Server.start(t, { data: server.data });
  await until(() => sql("SELECT count(*) FROM sessions") === "2");
});

test("a disabled account opens nothing, and the right password is told why", async (t) => {
  const server = await Server.start(t);
  await server.person("admin");
  const anna = await server.person("anna");
  await server.stop();
  execFileSync("sqlite3", [join(server.data, "klatch.db"), "UPDATE users SET disabled = 1 WHERE name = 'anna'"]);
  const again = await Server.start(t, { data: server.data });
  assert.equal((await again.api("GET", "me", { token: anna.token })).status, 401);
  const right = await again.api("POST", "sessions", { body: { name: "anna", password: secretOf("anna") } });
  assert.equal(right.status, 403);
  assert.equal(right.json.error.code, "forbidden");
  const wrong = await again.api("POST", "sessions", { body: { name: "anna", password: "wrong" } });
  assert.equal(wrong.status, 401);
});
