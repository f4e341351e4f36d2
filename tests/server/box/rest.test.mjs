// SPDX-License-Identifier: GPL-3.0-or-later
// Every row of the table of REST calls, with the status that it promises.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { Server, makePair, secretOf, until } from "./klatch.mjs";

function assertError(answer, status, code, field) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json?.error?.code, code, answer.text);
  assert.equal(answer.json.error.field, field);
  assert.equal(typeof answer.json.error.message, "string");
  assert.match(answer.headers["content-type"], /^application\/json/);
}

test("GET server tells who this is", async (t) => {
  const server = await Server.start(t, {
    env: { KLATCH_SERVER_NAME: "Tea room", KLATCH_SERVER_DOMAIN: "tea.example", KLATCH_LIMITS_MESSAGE_BYTES: "1000" },
  });
  const { status, json, headers } = await server.api("GET", "server");
  assert.equal(status, 200);
  assert.equal(json.name, "Tea room");
  assert.equal(json.domain, "tea.example");
  assert.equal(json.registration, "open");
  assert.match(json.version, /^\d+\.\d+/);
  assert.equal(json.limits.message_bytes, 1000);
  assert.equal(json.limits.mesh_limit, 6);
  assert.equal(json.limits.connections_unsigned, 256);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["access-control-allow-origin"], undefined);

  // The same by the platform's own client.
  const answer = await fetch(`${server.url}/api/v1/server`);
  assert.deepEqual(await answer.json(), json);
});

test("accounts: register, sign in, profile, password, sessions", async (t) => {
  const server = await Server.start(t);

  const created = await server.api("POST", "users", {
    body: { name: "anna", password: "correct horse", display_name: "Anna ☕", device: "Laptop" },
  });
  assert.equal(created.status, 201);
  assert.equal(created.json.user.name, "anna");
  assert.equal(created.json.user.display_name, "Anna ☕");
  assert.equal(created.json.user.address, "anna@localhost");
  assert.equal(created.json.user.server_role, "admin");
  assert.equal(created.json.user.read_receipts, true);
  assert.deepEqual(created.json.user.blocked, []);
  assert.ok(created.json.token.length >= 22);
  assert.equal(created.headers["set-cookie"], undefined);

  assertError(
    await server.api("POST", "users", { body: { name: "anna", password: "another horse" } }), 409, "conflict", "name");
  const second = await server.person("ben");
  assert.equal(second.user.server_role, undefined);
  assert.equal(second.user.display_name, "ben");

  const signedIn = await server.api("POST", "sessions", { body: { name: "anna", password: "correct horse", device: "Phone" } });
  assert.equal(signedIn.status, 201);
  assert.notEqual(signedIn.json.token, created.json.token);
  const byAddress = await server.api("POST", "sessions", { body: { name: "anna@localhost", password: "correct horse" } });
  assert.equal(byAddress.status, 201);
  assertError(await server.api("POST", "sessions", { body: { name: "anna", password: "wrong" } }), 401, "unauthorized");
  assertError(await server.api("POST", "sessions", { body: { name: "nobody", password: "correct horse" } }), 401, "unauthorized");
  assertError(await server.api("POST", "sessions", { body: { name: "anna@elsewhere.example", password: "correct horse" } }), 401, "unauthorized");

  const token = signedIn.json.token;
  const me = await server.api("GET", "me", { token });
  assert.equal(me.status, 200);
  assert.deepEqual(me.json.user, created.json.user);

  const patched = await server.api("PATCH", "me", { token, body: { display_name: "Anna B.", read_receipts: false, avatar: null } });
  assert.equal(patched.status, 200);
  assert.equal(patched.json.user.display_name, "Anna B.");
  assert.equal(patched.json.user.read_receipts, false);
  assert.ok(patched.json.user.updated_at > me.json.user.updated_at);
  const same = await server.api("PATCH", "me", { token, body: {} });
  assert.deepEqual(same.json, patched.json);
  assertError(await server.api("PATCH", "me", { token, body: { display_name: "" } }), 400, "bad_request", "display_name");
  assertError(await server.api("PATCH", "me", { token, body: { display_name: "a\u202eb" } }), 400, "bad_request", "display_name");
  assertError(await server.api("PATCH", "me", { token, body: { read_receipts: 1 } }), 400, "bad_request", "read_receipts");
  assertError(await server.api("PATCH", "me", { token, body: { avatar: "nothing" } }), 404, "not_found", "avatar");

  const { json: list } = await server.api("GET", "sessions", { token });
  assert.equal(list.sessions.length, 3);
  const current = list.sessions.filter((session) => session.current);
  assert.equal(current.length, 1);
  assert.equal(current[0].device, "Phone");
  const laptop = list.sessions.find((session) => session.device === "Laptop");
  assert.equal(typeof laptop.created_at, "number");
  assert.equal(typeof laptop.last_seen_at, "number");

  const gone = await server.api("DELETE", `sessions/${laptop.id}`, { token });
  assert.equal(gone.status, 204);
  assert.equal(gone.text, "");
  assertError(await server.api("GET", "me", { token: created.json.token }), 401, "unauthorized");
  assertError(await server.api("DELETE", `sessions/${laptop.id}`, { token }), 404, "not_found");
  // Somebody else's session is no session of mine.
  const theirs = (await second.api("GET", "sessions")).json.sessions[0];
  assertError(await server.api("DELETE", `sessions/${theirs.id}`, { token }), 404, "not_found");
  assert.equal((await second.api("GET", "me")).status, 200);

  assertError(
    await server.api("PUT", "me/password", { token, body: { old: "wrong horse", new: "better horse" } }), 403, "forbidden", "old");
  assertError(
    await server.api("PUT", "me/password", { token, body: { old: "correct horse", new: "short" } }), 400, "bad_request", "new");
  assert.equal((await server.api("PUT", "me/password", { token, body: { old: "correct horse", new: "better horse" } })).status, 204);
  assert.equal((await server.api("GET", "me", { token })).status, 200, "this session goes on");
  assertError(await server.api("GET", "me", { token: byAddress.json.token }), 401, "unauthorized");
  assertError(await server.api("POST", "sessions", { body: { name: "anna", password: "correct horse" } }), 401, "unauthorized");
  assert.equal((await server.api("POST", "sessions", { body: { name: "anna", password: "better horse" } })).status, 201);

  assert.equal((await server.api("DELETE", "sessions/current", { token })).status, 204);
  assertError(await server.api("GET", "me", { token }), 401, "unauthorized");
});

test("what registration refuses", async (t) => {
  const server = await Server.start(t);
  const good = { name: "anna", password: "correct horse" };
  const cases = [
    [{ ...good, name: "a" }, "name"],
    [{ ...good, name: "Anna" }, "name"],
    [{ ...good, name: "a b" }, "name"],
    [{ ...good, name: "all" }, "name"],
    [{ ...good, name: "klatch" }, "name"],
    [{ ...good, name: "a".repeat(33) }, "name"],
    [{ ...good, name: 5 }, "name"],
    [{ password: "correct horse" }, "name"],
    [{ ...good, password: "1234567" }, "password"],
    [{ ...good, password: "a".repeat(1025) }, "password"],
    [{ ...good, password: null }, "password"],
    [{ ...good, display_name: "\u200b\u200b" }, "display_name"],
    [{ ...good, display_name: "a".repeat(65) }, "display_name"],
    [{ ...good, display_name: "a\nb" }, "display_name"],
    [{ ...good, device: "d".repeat(65) }, "device"],
    [{ ...good, cookie: "yes" }, "cookie"],
  ];
  for (const [body, field] of cases) assertError(await server.api("POST", "users", { body }), 400, "bad_request", field);

  const raws = [
    "", "null", "[]", "5", "{", '{"name":"anna","name":"ben","password":"correct horse"}',
    '{"name":"anna","password":"correct horse",}', '{"name":"anna","password":"\\ud800xxxxxxx"}',
    '{"name":"anna","password":"correct\\u0000horse"}', `{"a":${"[".repeat(40)}${"]".repeat(40)}}`,
    Buffer.from('{"name":"anna","password":"\xff\xfe\xff\xfe\xff\xfe\xff\xfe"}', "latin1"),
  ];
  for (const raw of raws) {
    const answer = await server.api("POST", "users", { raw });
    assert.equal(answer.status, 400, String(raw));
    assert.equal(answer.json.error.code, "bad_request");
  }
  // Nothing of all that has made an account.
  assert.equal((await server.api("POST", "users", { body: good })).status, 201);
});

test("who is not signed in", async (t) => {
  const server = await Server.start(t);
  const { token } = await server.person("anna");
  for (const [method, path, body] of [
    ["GET", "me"], ["PATCH", "me", {}], ["PUT", "me/password", {}], ["GET", "sessions"], ["DELETE", "sessions/current"],
    ["GET", "groups"], ["GET", "groups/x/messages"], ["POST", "groups/x/messages", {}],
  ]) {
    assertError(await server.api(method, path, { body }), 401, "unauthorized");
    assertError(await server.api(method, path, { body, token: "x".repeat(52) }), 401, "unauthorized");
  }
  for (const authorization of [token, `Basic ${token}`, `Bearer ${token}x`, "Bearer", "Bearer ", `Bearer ${"x".repeat(9000)}`]) {
    const answer = await server.api("GET", "me", { headers: { Authorization: authorization } });
    assertError(answer, 401, "unauthorized");
    assert.equal(answer.headers["www-authenticate"], "Bearer");
  }
});

test("groups and messages", async (t) => {
  const server = await Server.start(t);
  const { anna, ben, a, b, group } = await makePair(t, server);
  const secret = (await a.do("group:create", { client_id: "s", name: "Secret" })).group.id;

  const all = await ben.api("GET", "groups");
  assert.equal(all.status, 200);
  assert.deepEqual(all.json.groups.map(({ id }) => id), [group]);
  assert.equal((await ben.api("GET", "groups?query=TEA&limit=1")).json.groups.length, 1);
  assert.equal((await ben.api("GET", "groups?query=coffee")).json.groups.length, 0);
  assertError(await ben.api("GET", "groups?limit=0"), 400, "bad_request", "limit");
  assertError(await ben.api("GET", "groups?limit=5.0"), 400, "bad_request", "limit");
  assert.equal((await ben.api("GET", "groups?query=a&query=b")).status, 400);
  assert.equal((await ben.api("GET", "groups?query=%ff")).status, 400);

  const sent = await anna.api("POST", `groups/${group}/messages`, { body: { client_id: "1", body: "Kettle's on — wer möchte?" } });
  assert.equal(sent.status, 201);
  assert.equal(sent.json.message.body, "Kettle's on — wer möchte?");
  assert.equal(sent.json.ok, undefined);
  const repeated = await anna.api("POST", `groups/${group}/messages`, { body: { client_id: "1", body: "Kettle's on — wer möchte?" } });
  assert.equal(repeated.status, 200);
  assert.deepEqual(repeated.json.message, sent.json.message);
  await b.event("message", ({ message }) => message.id === sent.json.message.id);

  const page = await ben.api("GET", `groups/${group}/messages?limit=1`);
  assert.equal(page.status, 200);
  assert.deepEqual(page.json.messages.map(({ id }) => id), [sent.json.message.id]);
  assert.equal(page.json.more_before, true);
  assert.equal(page.json.more_after, false);
  assert.ok(page.json.users.some(({ id }) => id === anna.id));
  const before = await ben.api("GET", `groups/${group}/messages?before=${sent.json.message.seq}`);
  assert.ok(before.json.messages.every(({ seq }) => seq < sent.json.message.seq));
  assertError(await ben.api("GET", `groups/${group}/messages?before=x`), 400, "bad_request", "before");
  assert.equal((await ben.api("GET", `groups/${group}/messages?before=1&after=1`)).status, 400);

  assertError(await ben.api("GET", "groups/nowhere/messages"), 404, "not_found", "group");
  assertError(await ben.api("GET", `groups/${secret}/messages`), 404, "not_found", "group");
  assertError(await ben.api("POST", `groups/${secret}/messages`, { body: { client_id: "2", body: "x" } }), 404, "not_found", "group");
  assertError(await ben.api("POST", `groups/${group}/messages`, { body: { body: "x" } }), 400, "bad_request", "client_id");
  assertError(await ben.api("POST", `groups/${group}/messages`, { body: { client_id: "3", body: " \u200b " } }), 400, "bad_request", "body");
  assert.equal((await ben.api("POST", `groups/${group}/messages`, { body: { client_id: "4", body: "x".repeat(16384) } })).status, 201);
  const tooLong = await ben.api("POST", `groups/${group}/messages`, { body: { client_id: "5", body: "x".repeat(16385) } });
  assert.equal(tooLong.status, 413);
  assert.equal(tooLong.json.error.code, "too_large");
});

test("GET invites/{code} shows the group and the server", async (t) => {
  const server = await Server.start(t);
  const { a, group } = await makePair(t, server);
  const { invite } = await a.do("group:invite", { group, link: true });
  assert.ok(invite.url.endsWith(`/i/${invite.code}`), invite.url);
  const shown = await server.api("GET", `invites/${invite.code}`);
  assert.equal(shown.status, 200);
  assert.equal(shown.json.group.name, "Tea");
  assert.equal(shown.json.group.members, 2);
  assert.equal(shown.json.server.name, "Klatch");
  assert.equal(shown.json.server.limits.mesh_limit, 6);
  assert.ok(invite.url.startsWith(`${server.url}/i/`), invite.url);
  assertError(await server.api("GET", "invites/nothing"), 404, "not_found");
});

test("a server that listens everywhere names itself in its links", async (t) => {
  const server = await Server.start(t, { listen: "0.0.0.0:0" });
  const { a, group } = await makePair(t, server);
  const { invite } = await a.do("group:invite", { group, link: true });
  assert.equal(invite.url, `${server.isTls ? "https" : "http"}://${hostname()}:${server.port}/i/${invite.code}`);
});

test("paths and methods that are not there", async (t) => {
  const server = await Server.start(t);
  for (const path of ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/server", "/api/v1/admin/x",
    "/api/v1/server/", "/api/v1/groups//messages", "/api/v1/me/", "/api/v1/../v1/x"]) {
    assertError(await server.request("POST", path, { body: {} }), 404, "not_found");
  }
  const wrong = await server.api("DELETE", "server");
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, "GET, HEAD");
  assert.equal((await server.api("PUT", "sessions", { body: {} })).headers.allow, "POST, GET, HEAD");
  const head = await server.api("HEAD", "server");
  assert.equal(head.status, 200);
  assert.equal(head.text, "");
  assert.ok(Number(head.headers["content-length"]) > 100);
  assert.equal((await server.api("OPTIONS", "server", { headers: { Origin: "http://evil.example" } })).headers["access-control-allow-origin"], undefined);
});

test("a connection serves many requests, whatever their answers", async (t) => {
  const server = await Server.start(t);
  const { token } = await server.person("anna");
  const agent = server.makeAgent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const sockets = new Set();
  const ask = async (method, path, options) => {
    const answer = await server.request(method, path, { token, agent, ...options });
    sockets.add(answer.socket);
    return answer.status;
  };
  const password = { old: secretOf("anna"), new: secretOf("anna") };
  assert.equal(await ask("GET", "/api/v1/me"), 200);
  assert.equal(await ask("PUT", "/api/v1/me/password", { body: password }), 204);
  assert.equal(await ask("GET", "/nothing"), 404);
  assert.equal(await ask("POST", "/healthz"), 405);
  assert.equal(await ask("HEAD", "/api/v1/me"), 200);
  assert.equal(await ask("PUT", "/api/v1/me/password", { body: password }), 204);
  assert.equal(await ask("POST", "/api/v1/sessions", { body: {} }), 400);
  assert.equal(await ask("GET", "/readyz"), 200);
  assert.equal(sockets.size, 1);
});

test("a body over the limit is refused before it is read", async (t) => {
  const server = await Server.start(t);
  const { token } = await server.person("anna");

  for (const [path, size] of [["users", 20000], ["sessions", 1 << 21], ["groups/x/messages", (1 << 20) + 1]]) {
    const answer = await server.api("POST", path, { token, raw: "x".repeat(size) });
    assertError(answer, 413, "too_large");
  }

  // Not one byte of the body is sent, and the answer is there.
  const socket = server.dial();
  t.after(() => socket.destroy());
  let text = "";
  socket.on("data", (chunk) => (text += chunk));
  socket.write(`POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n`);
  await until(() => text.includes("too_large"));
  assert.match(text, /^HTTP\/1\.1 413 /);

  // Without a length the bytes are counted.
  const chunked = server.dial();
  t.after(() => chunked.destroy());
  let answer = "";
  let ended = false;
  chunked.on("data", (chunk) => (answer += chunk));
  chunked.on("error", () => (ended = true));
  chunked.on("close", () => (ended = true));
  chunked.write("POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let i = 0; i < 100 && !ended && !answer; i++) {
    chunked.write(`400\r\n${"x".repeat(1024)}\r\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => ended || answer.includes("413"));
  assert.equal((await server.api("GET", "server")).status, 200);
});

test("what two readers could read differently is not served", async (t) => {
  const server = await Server.start(t);
  const heads = [
    "Content-Length: -5", "Content-Length: +2", "Content-Length: 2x", "Content-Length: 99999999999999999999",
    "Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2\r\nTransfer-Encoding: chunked", "Host: y",
  ];
  for (const head of heads) {
    const socket = server.dial();
    t.after(() => socket.destroy());
    let text = "";
    let ended = false;
    socket.on("data", (chunk) => (text += chunk));
    socket.on("close", () => (ended = true));
    socket.on("error", () => {});
    socket.write(`POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`);
    await until(() => ended, head);
    assert.match(text, /^HTTP\/1\.1 400 /, head);
  }
  assert.equal((await server.api("GET", "server")).status, 200);
  assert.doesNotMatch(server.stderr, /warning|critical|invalid|out of range/i);
});
