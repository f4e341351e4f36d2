// SPDX-License-Identifier: GPL-3.0-or-later
// Behind a real HAProxy, with the very settings that docs/admin.md recommends, and with some that it does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { secretOf } from "./klatch.mjs";
import { HAPROXY, Proxy, testAddresses, testRestart } from "./proxy.mjs";

const { skip } = HAPROXY;

const rows = [
  ["as recommended", {}],
  ["without X-Forwarded-Proto", { change: (text) => text.replace(/.*set-header X-Forwarded-Proto.*\n/, "") }],
  ["with another Host", { change: (text) => text.replace("default_backend", "http-request set-header Host 10.0.0.7\n  default_backend") }],
  ["without a public_url", { publicUrl: null }],
  ["without a public_url, with another Host, which it tells", {
    publicUrl: null,
    change: (text) => text.replace("default_backend", "http-request set-header X-Forwarded-Host %[req.hdr(host)]\n  http-request set-header Host 10.0.0.7\n  default_backend"),
  }],
  ["without a public_url, by RFC 7239", {
    publicUrl: null,
    change: (text) => text.replace(/.*set-header X-Forwarded-.*\n/g, "").replace("default_backend", 'http-request set-header Forwarded for="%[src]";proto=https;host="%[req.hdr(host)]"\n  default_backend'.replaceAll('"', '\\"')) ,
  }],
  ["at an IPv6 address", { host: "::1" }],
  ["at an IPv6 address, without a public_url", { host: "::1", publicUrl: null }],
];
for (const [name, options] of rows) {
  test(`cookie and both transports behind HAProxy: ${name} (C59)`, { skip }, async (t) => {
    const proxy = await Proxy.start(t, HAPROXY, options);
    await proxy.use(t, await proxy.register("anna"));
  });
}

test("who is not trusted is not believed (C59)", { skip }, async (t) => {
  const proxy = await Proxy.start(t, HAPROXY, { trusted: "", publicUrl: null });
  const answer = await proxy.api("POST", "users", {
    body: { name: "anna", password: secretOf("anna"), cookie: true, invite: proxy.server.setupCode },
    headers: { Origin: proxy.origin },
  });
  assert.equal(answer.status, 403, "for all that it knows it is at http");
  assert.equal(answer.headers["set-cookie"], undefined);
});

test("rates and strangers are counted by the address beyond the proxy, whatever it is told (C56)", { skip }, (t) => testAddresses(t, HAPROXY));

test("a server that stops says so to HAProxy, and clients come back through it when it is there again", { skip }, (t) => testRestart(t, HAPROXY, 503));
