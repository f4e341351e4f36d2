// SPDX-License-Identifier: GPL-3.0-or-later
// Behind a real nginx, with the very settings that docs/admin.md recommends.
import { test } from "node:test";
import { NGINX, Proxy, testAddresses, testRestart } from "./proxy.mjs";

const { skip } = NGINX;

const rows = [
  ["as recommended", {}],
  ["without a public_url", { publicUrl: null }],
  ["at an IPv6 address", { host: "::1" }],
];
for (const [name, options] of rows) {
  test(`cookie and both transports behind nginx: ${name} (C59)`, { skip }, async (t) => {
    const proxy = await Proxy.start(t, NGINX, options);
    await proxy.use(t, await proxy.register("anna"));
  });
}

test("rates and strangers are counted by the address beyond nginx, whatever it is told (C56)", { skip }, (t) => testAddresses(t, NGINX));

test("clients come back through nginx when the server is there again", { skip }, (t) => testRestart(t, NGINX, 502));
