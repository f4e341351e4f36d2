// SPDX-License-Identifier: GPL-3.0-or-later
// Who may make an account: the first one, the three policies, and codes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Server, secretOf } from "./klatch.mjs";

const register = (server, name, extra = {}, headers = {}) =>
  server.api("POST", "users", { body: { name, password: "correct horse", ...extra }, headers });

function assertForbidden(answer) {
  assert.equal(answer.status, 403, answer.text);
  assert.equal(answer.json.error.code, "forbidden");
}

test("the first account, from loopback, needs no invite under any policy and is the admin", async (t) => {
  for (const policy of ["open", "invite", "closed"]) {
    const server = await Server.start(t, { env: { KLATCH_REGISTRATION_POLICY: policy } });
    assert.ok(server.setupCode);
    const first = await register(server, "anna");
    assert.equal(first.status, 201);
    assert.equal(first.json.user.server_role, "admin");
    const second = await register(server, "ben");
    if (policy === "open") {
      assert.equal(second.status, 201);
      assert.equal(second.json.user.server_role, undefined);
    } else assertForbidden(second);
    // The code died with the first account.
    assertForbidden(await register(server, "carol", { invite: server.setupCode }));
    assert.equal((await server.api("GET", "server")).json.registration, policy);
  }
});

test("a forwarded request, or a public_url, asks the first one for the set-up code", async (t) => {
  for (const header of ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via"]) {
    const server = await Server.start(t);
    assertForbidden(await register(server, "anna", {}, { [header]: "127.0.0.1" }));
    const answer = await register(server, "anna", { invite: server.setupCode }, { [header]: "127.0.0.1" });
    assert.equal(answer.status, 201);
    assert.equal(answer.json.user.server_role, "admin");
  }
  const server = await Server.start(t, { env: { KLATCH_SERVER_PUBLIC_URL: "https://tea.example" } });
  assertForbidden(await register(server, "anna"));
  assertForbidden(await register(server, "anna", { invite: "x".repeat(server.setupCode.length) }));
  assert.equal((await register(server, "anna", { invite: server.setupCode })).status, 201);
});

test("an invite that is not good is refused also to the first one and where none is needed", async (t) => {
  const server = await Server.start(t);
  for (const invite of ["nothing", "", "a:b", "x".repeat(900)]) assertForbidden(await register(server, "anna", { invite }));
  assert.equal((await register(server, "anna")).status, 201);
  for (const invite of ["nothing", "", server.setupCode]) assertForbidden(await register(server, "ben", { invite }));
  assert.equal((await register(server, "ben")).status, 201);
});

test("the code is that of the database: a restart keeps it, another server has another", async (t) => {
  const server = await Server.start(t);
  await server.stop();
  const again = await Server.start(t, { data: server.data, env: { KLATCH_SERVER_PUBLIC_URL: "https://tea.example", KLATCH_SERVER_DOMAIN: "localhost" } });
  assert.equal(again.setupCode, server.setupCode);
  const other = await Server.start(t);
  assert.notEqual(other.setupCode, server.setupCode);
  assertForbidden(await register(again, "anna", { invite: other.setupCode }));
  assert.equal((await register(again, "anna", { invite: again.setupCode })).status, 201);
  await again.stop();
  const third = await Server.start(t, { data: server.data });
  assert.equal(third.setupCode, undefined);
});

test("only one of many who come at once is the first", async (t) => {
  const server = await Server.start(t);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => register(server, `person${i}`)));
  assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(201));
  assert.equal(answers.filter(({ json }) => json.user.server_role === "admin").length, 1);
});

test("policy invite: codes of the admin register and join, those of members do not", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_REGISTRATION_POLICY: "invite" } });
  const anna = await server.person("anna");
  const a = await anna.connect(t);
  await a.do("sync");
  const { group } = await a.do("group:create", { client_id: "1", name: "Tea", visibility: "public" });
  const { invite } = await a.do("group:invite", { group: group.id, link: true, uses: 2 });

  const ben = await server.person("ben", { invite: invite.code });
  const b = await ben.connect(t);
  const { groups } = await b.do("sync");
  assert.deepEqual(groups.map(({ id }) => id), [group.id]);
  assert.equal(groups[0].members, 2);
  await a.event("member", ({ member }) => member.user === ben.id);

  // Ben's own code joins, but does not let anybody in.
  const { invite: bens } = await b.do("group:invite", { group: group.id, link: true });
  assertForbidden(await register(server, "carol", { invite: bens.code }));
  assert.equal((await register(server, "carol", { invite: invite.code })).status, 201);
  // Two uses were given, and two are gone.
  assertForbidden(await register(server, "dave", { invite: invite.code }));
  assertForbidden(await register(server, "dave"));
});

test("policy open: a member's code joins its group", async (t) => {
  const server = await Server.start(t);
  await server.person("admin");
  const anna = await server.person("anna");
  const a = await anna.connect(t);
  await a.do("sync");
  const { group } = await a.do("group:create", { client_id: "1", name: "Tea" });
  const { invite } = await a.do("group:invite", { group: group.id, link: true, uses: 1 });
  const ben = await server.person("ben", { invite: invite.code });
  const { groups } = await (await ben.connect(t)).do("sync");
  assert.deepEqual(groups.map(({ id }) => id), [group.id]);
  assertForbidden(await register(server, "carol", { invite: invite.code }));
});

test("invites_by = members: everybody's codes register", async (t) => {
  const server = await Server.start(t, {
    env: { KLATCH_REGISTRATION_POLICY: "invite", KLATCH_REGISTRATION_INVITES_BY: "members" },
  });
  const anna = await server.person("anna");
  const a = await anna.connect(t);
  await a.do("sync");
  const { group } = await a.do("group:create", { client_id: "1", name: "Tea", visibility: "public" });
  const { invite } = await a.do("group:invite", { group: group.id, link: true });
  const b = await (await server.person("ben", { invite: invite.code })).connect(t);
  await b.do("sync");
  const { invite: bens } = await b.do("group:invite", { group: group.id, link: true });
  assert.equal((await register(server, "carol", { invite: bens.code })).status, 201);
});

test("policy closed: no code opens", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_REGISTRATION_POLICY: "closed" } });
  const a = await (await server.person("anna")).connect(t);
  await a.do("sync");
  const { group } = await a.do("group:create", { client_id: "1", name: "Tea" });
  const { invite } = await a.do("group:invite", { group: group.id, link: true });
  assertForbidden(await register(server, "ben", { invite: invite.code }));
});

test("one name for one of many at once", async (t) => {
  const server = await Server.start(t);
  await server.person("admin");
  const answers = await Promise.all(Array.from({ length: 10 }, () => register(server, "anna")));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, ...Array(9).fill(409)]);
});

test("twenty at once share the last use of a code", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_REGISTRATION_POLICY: "invite" } });
  const a = await (await server.person("anna")).connect(t);
  await a.do("sync");
  const { group } = await a.do("group:create", { client_id: "1", name: "Tea" });
  const { invite } = await a.do("group:invite", { group: group.id, link: true, uses: 1 });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => register(server, `p${i}x`, { invite: invite.code })));
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  assert.equal(answers.filter(({ status }) => status === 403).length, 19);
});

test("what klatchctl makes: accounts under any policy, codes that register", async (t) => {
  const ctl = (server, ...args) =>
    JSON.parse(execFileSync(process.env.KLATCHCTL, ["--data", server.data, "--json", ...args], { input: `${secretOf("anna")}\n` }).toString());
  for (const policy of ["invite", "closed"]) {
    const server = await Server.start(t, { env: { KLATCH_REGISTRATION_POLICY: policy } });
    ctl(server, "user", "add", "anna");
    const anna = await server.api("POST", "sessions", { body: { name: "anna", password: secretOf("anna") } });
    assert.equal(anna.status, 201);
    assert.equal(anna.json.user.server_role, "admin", "the first of all, whoever makes it");
    // That was the first one: no code and no place gives another.
    assertForbidden(await register(server, "ben", { invite: server.setupCode }));
    assertForbidden(await register(server, "ben"));

    const { code } = ctl(server, "invite", "create", "--uses", "1");
    const shown = await server.api("GET", `invites/${code}`);
    assert.equal(shown.status, 200);
    assert.equal(shown.json.group, undefined);
    assert.equal(shown.json.server.registration, policy);
    if (policy === "closed") {
      assertForbidden(await register(server, "ben", { invite: code }));
      continue;
    }
    const ben = await register(server, "ben", { invite: code });
    assert.equal(ben.status, 201);
    assert.equal(ben.json.user.server_role, undefined);
    assertForbidden(await register(server, "carol", { invite: code }));
    assert.equal((await server.api("GET", `invites/${code}`)).status, 404);
  }
});
