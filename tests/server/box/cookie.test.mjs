// SPDX-License-Identifier: GPL-3.0-or-later
// Cookie mode: what a browser may do for its own page, and what another page cannot make it do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Device, Server, until } from "./klatch.mjs";

const account = { name: "anna", password: "correct horse", cookie: true };

/** "name=value" of the cookie that an answer sets. */
function taken(answer) {
  assert.equal(answer.headers["set-cookie"]?.length, 1, answer.text);
  return answer.headers["set-cookie"][0].split(";")[0];
}

async function register(server, headers = {}) {
  const answer = await server.api("POST", "users", { body: account, headers: { Origin: server.url, ...headers } });
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

test("the token is in the cookie alone, out of a script's reach", async (t) => {
  const server = await Server.start(t);
  const answer = await register(server);
  assert.equal(answer.json.token, undefined);
  assert.equal(answer.json.user.name, "anna");
  const [line] = answer.headers["set-cookie"];
  assert.match(line, /^klatch_session=[0-9a-v]{52}; /);
  const attributes = line.split("; ").slice(1);
  assert.ok(attributes.includes("HttpOnly") && attributes.includes("SameSite=Strict") && attributes.includes("Path=/"), line);
  assert.ok(!/Secure|Domain/.test(line), line);

  const signedIn = await server.api("POST", "sessions", { body: account, headers: { Origin: server.url } });
  assert.equal(signedIn.json.token, undefined);
  assert.notEqual(taken(signedIn), taken(answer));

  const cookie = taken(answer);
  assert.equal((await server.api("GET", "me", { headers: { Cookie: cookie } })).status, 200);
  // As a bearer token it would do as well: it is the same secret.
  assert.equal((await server.api("GET", "me", { token: cookie.split("=")[1] })).status, 200);
});

test("when the cookie counts", async (t) => {
  const server = await Server.start(t);
  const Cookie = taken(await register(server));
  const own = server.url;
  const port = String(server.port);
  const me = (headers) => server.api("GET", "me", { headers: { Cookie, ...headers } });
  const patch = (headers) => server.api("PATCH", "me", { body: {}, headers: { Cookie, ...headers } });
  const rows = [
    [me, {}, 200],
    [me, { Origin: own }, 200],
    [me, { "Sec-Fetch-Site": "same-origin" }, 200],
    [me, { "Sec-Fetch-Site": "none" }, 200],
    [me, { "Sec-Fetch-Site": "same-site" }, 401],
    [me, { "Sec-Fetch-Site": "cross-site" }, 401],
    [me, { Origin: "http://evil.example" }, 401],
    [me, { Origin: "null" }, 401],
    [me, { Origin: own, "Sec-Fetch-Site": "cross-site" }, 401],
    [me, { Cookie: `${Cookie}; ${Cookie}` }, 401],
    [me, { Cookie: `a=b; ${Cookie}; c=d` }, 200],
    [me, { Cookie: `${Cookie}x` }, 401],
    [patch, {}, 401],
    [patch, { "Sec-Fetch-Site": "same-origin" }, 401],
    [patch, { Origin: own }, 200],
    [patch, { Origin: own, "Sec-Fetch-Site": "same-origin" }, 200],
    [patch, { Origin: own, "Sec-Fetch-Site": "none" }, 401],
    [patch, { Origin: `https://127.0.0.1:${port}` }, 401],
    [patch, { Origin: `http://127.0.0.1:${server.port + 1}` }, 401],
    [patch, { Origin: `http://127.0.0.1.evil.example:${port}` }, 401],
    [patch, { Origin: "null" }, 401],
    [patch, { Origin: `http://localhost:${port}`, Host: `localhost:${port}` }, 200],
    [patch, { Origin: `http://localhost:${port}` }, 401],
  ];
  for (const [call, headers, status] of rows) {
    assert.equal((await call(headers)).status, status, `${call.name} ${JSON.stringify(headers)}`);
  }
  // A bearer token is accepted from anywhere.
  const token = Cookie.split("=")[1];
  const answer = await server.api("PATCH", "me", { token, body: {}, headers: { Origin: "http://evil.example", "Sec-Fetch-Site": "cross-site" } });
  assert.equal(answer.status, 200);
});

test("another site's page signs nobody in", async (t) => {
  const server = await Server.start(t);
  await register(server);
  for (const path of ["sessions", "users"]) {
    for (const headers of [{ Origin: "http://evil.example" }, { Origin: "null" }, { Origin: server.url, "Sec-Fetch-Site": "cross-site" }]) {
      const answer = await server.api("POST", path, { body: { ...account, name: path === "users" ? "ben" : "anna" }, headers });
      assert.equal(answer.status, 403);
      assert.equal(answer.json.error.code, "forbidden");
      assert.equal(answer.headers["set-cookie"], undefined);
    }
  }
  // Nobody was made, and without a cookie anybody may ask.
  const ben = await server.api("POST", "users", { body: { name: "ben", password: "correct horse" }, headers: { Origin: "http://evil.example" } });
  assert.equal(ben.status, 201);
  assert.equal(ben.headers["access-control-allow-origin"], undefined);
});

test("a planted cookie opens nothing", async (t) => {
  const server = await Server.start(t);
  const anna = taken(await register(server));
  const ben = await server.person("ben");
  for (const planted of ["klatch_session=garbage", `klatch_session=${ben.token}`, `${anna}; klatch_session=x`]) {
    const answer = await server.api("POST", "sessions", { body: account, headers: { Origin: server.url, Cookie: planted } });
    assert.equal(answer.status, 201);
    const fresh = taken(answer);
    assert.ok(!planted.includes(fresh));
    const me = await server.api("GET", "me", { headers: { Cookie: fresh } });
    assert.equal(me.json.user.name, "anna");
  }
  assert.equal((await server.api("GET", "me", { headers: { Cookie: "klatch_session=garbage" } })).status, 401);
});

test("signing out takes the cookie away and ends the socket", async (t) => {
  const server = await Server.start(t);
  const Cookie = taken(await register(server));
  const device = await Device.connect(t, server.url, { extraHeaders: { Cookie, Origin: server.url } });
  await device.do("sync");
  const answer = await server.api("DELETE", "sessions/current", { headers: { Cookie, Origin: server.url } });
  assert.equal(answer.status, 204);
  assert.match(answer.headers["set-cookie"][0], /^klatch_session=; .*Max-Age=0/);
  assert.equal((await device.event("notice")).code, "revoked");
  await until(() => device.reason);
  assert.equal(device.reason, "io server disconnect");
  assert.equal((await server.api("GET", "me", { headers: { Cookie } })).status, 401);
});

test("the handshake of a socket", async (t) => {
  const server = await Server.start(t);
  const Cookie = taken(await register(server));
  const attempt = (headers, options = {}) => Device.connect(t, server.url, { extraHeaders: headers, ...options });
  const refused = (headers, options) =>
    assert.rejects(attempt(headers, options), (error) => error.message === "unauthorized" && error.data.code === "unauthorized");

  for (const transports of [["websocket"], ["polling"]]) {
    await attempt({ Cookie, Origin: server.url }, { transports });
    await refused({ Cookie }, { transports });
    await refused({ Cookie, Origin: "http://evil.example" }, { transports });
    await refused({ Cookie, Origin: server.url, "Sec-Fetch-Site": "cross-site" }, { transports });
    await refused({ Cookie: `${Cookie}; ${Cookie}`, Origin: server.url }, { transports });
    await refused({ Origin: server.url }, { transports });
    // A browser's polling begins with a GET, which has no Origin.
    await attempt({ Cookie, "Sec-Fetch-Site": "same-origin" }, { transports });
  }
  // A token stands above the cookie, and comes from anywhere.
  await attempt({ Origin: "http://evil.example" }, { auth: { token: Cookie.split("=")[1] } });
  await refused({ Cookie, Origin: server.url }, { auth: { token: "x".repeat(52) } });
  await refused({ Cookie, Origin: server.url }, { auth: { token: 5 } });
});

test("behind a proxy that ends TLS", async (t) => {
  const origin = "https://tea.example:8443";
  const server = await Server.start(t, {
    env: { KLATCH_SERVER_PUBLIC_URL: origin, KLATCH_SERVER_TRUSTED_PROXIES: "127.0.0.1" },
  });
  const body = { ...account, invite: server.setupCode };
  const first = await server.api("POST", "users", { body, headers: { Origin: origin } });
  assert.equal(first.status, 201, first.text);
  const Cookie = taken(first);
  assert.match(first.headers["set-cookie"][0], /^__Host-klatch_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; .*Secure/);

  // Whatever the proxy says or does not say of scheme and host.
  for (const headers of [{}, { "X-Forwarded-Proto": "https" }, { "X-Forwarded-Proto": "http" }, { Host: "tea.example:8443" }, { Host: "10.0.0.1" }]) {
    const answer = await server.api("PATCH", "me", { body: {}, headers: { Cookie, Origin: origin, "X-Forwarded-For": "192.0.2.1", ...headers } });
    assert.equal(answer.status, 200, JSON.stringify(headers));
  }
  for (const foreign of ["http://tea.example:8443", "https://tea.example", "https://tea.example:8443.evil.example", "null", "https://evil.example"]) {
    const answer = await server.api("PATCH", "me", { body: {}, headers: { Cookie, Origin: foreign, Host: "tea.example:8443" } });
    assert.equal(answer.status, 401, foreign);
  }
  // The plain name is another's cookie.
  const plain = Cookie.replace("__Host-", "");
  assert.equal((await server.api("GET", "me", { headers: { Cookie: plain } })).status, 401);
  assert.equal((await server.api("GET", "me", { headers: { Cookie: `${plain}; ${Cookie}` } })).status, 200);
  const device = await Device.connect(t, server.url, { extraHeaders: { Cookie, Origin: origin } });
  await device.do("sync");
});

test("a changed password leaves the page that changed it as it is, and ends all else (C50)", async (t) => {
  const server = await Server.start(t);
  const Cookie = taken(await register(server));
  const headers = { Cookie, Origin: server.url };
  const other = await server.api("POST", "sessions", { body: { name: account.name, password: account.password } });
  const own = await Device.connect(t, server.url, { extraHeaders: headers });
  const elsewhere = await Device.connect(t, server.url, { auth: { token: other.json.token } });
  for (const device of [own, elsewhere]) await device.do("sync");

  const changed = await server.api("PUT", "me/password", { headers, body: { old: account.password, new: "better horse" } });
  assert.equal(changed.status, 204, changed.text);
  assert.equal((await elsewhere.event("notice")).code, "revoked");
  await until(() => elsewhere.reason);
  await own.do("sync");
  assert.equal((await server.api("GET", "me", { headers })).status, 200);
  const again = await Device.connect(t, server.url, { extraHeaders: headers });
  await again.do("sync");
  assert.equal((await server.api("GET", "me", { token: other.json.token })).status, 401);
  assert.equal(own.reason, undefined);
});
