// SPDX-License-Identifier: GPL-3.0-or-later
// The browser client behind a proxy that ends TLS, is impatient with idle connections and may refuse WebSockets.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { findPort } from "../kit/daemon.mjs";
import { Device, until } from "../server/box/klatch.mjs";
import { bubble, closeBrowser, createGroup, makeFolder, profile, register, say, Server, stored } from "./web/browser.mjs";

after(closeBrowser);

const IMPATIENCE_MS = 4000;

/** HAProxy before a server that is known by the proxy's address: an IPv6 literal. */
async function startBehindProxy(t) {
  const folder = makeFolder(t);
  const port = await findPort("::1");
  const url = `https://[::1]:${port}`;
  const server = await Server.start(t, {
    env: {
      KLATCH_SERVER_PUBLIC_URL: url,
      KLATCH_SERVER_DOMAIN: "huts.example",
      KLATCH_SERVER_TRUSTED_PROXIES: "127.0.0.1",
      KLATCH_SERVER_PING_INTERVAL_MS: String(IMPATIENCE_MS / 2),
    },
  });
  const made = join(folder, "made.pem");
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=IP:::1", "-keyout", join(folder, "key.pem"), "-out", made], { stdio: "ignore" });
  writeFileSync(join(folder, "both.pem"), execFileSync("cat", [made, join(folder, "key.pem")]));
  const config = `
defaults
  mode http
  timeout connect 5s
  timeout client ${IMPATIENCE_MS}ms
  timeout server ${IMPATIENCE_MS}ms
  timeout tunnel ${IMPATIENCE_MS}ms
frontend tls
  bind [::1]:${port} ssl crt ${join(folder, "both.pem")} alpn h2,http/1.1
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  http-request deny deny_status 403 if { hdr(Upgrade) -i websocket } { hdr_sub(User-Agent) no-websocket }
  default_backend klatch
backend klatch
  server one 127.0.0.1:${server.port}
`;
  writeFileSync(join(folder, "haproxy.cfg"), config);
  const proxy = spawn("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: ["ignore", "inherit", "inherit"] });
  t.after(() => proxy.kill("SIGKILL"));
  await until(() => new Promise((resolve) => {
    const socket = net.connect({ host: "::1", port }, () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  }), "the proxy listens");
  return { server, url, front: { url } };
}

test("behind an impatient proxy that ends TLS both transports live on, and everything goes to the page's own origin", async (t) => {
  const { server, url, front } = await startBehindProxy(t);
  const withSockets = await profile(t, front, { insecure: true });
  const without = await profile(t, front, { insecure: true, userAgent: "Mozilla/5.0 no-websocket" });
  const ilse = await withSockets.newPage();
  const noor = await without.newPage();
  const sockets = [];
  ilse.on("websocket", (socket) => sockets.push(socket));
  const asked = [];
  for (const page of [ilse, noor]) page.on("request", (request) => asked.push(request.url()));
  await server.api("POST", "users", { body: { name: "first", password: "correct horse", invite: server.setupCode } });
  await register(ilse, "ilse");
  await createGroup(ilse, "Ridge Hut Crew");
  await until(() => sockets.some((socket) => socket.url().startsWith(`${url.replace("https", "wss")}/socket.io/`)), "a WebSocket to the proxy");
  const [cookie] = await withSockets.cookies();
  assert.equal(cookie.name, "__Host-klatch_session");
  assert.ok(cookie.secure && cookie.httpOnly);

  const group = await ilse.evaluate(() => location.pathname.split("/")[2]);
  const first = await server.api("POST", "sessions", { body: { name: "first", password: "correct horse" } });
  const device = await Device.connect(t, server.url, { auth: { token: first.json.token } });
  await device.do("sync");
  await device.do("group:join", { group });
  await register(noor, "noor");
  await noor.goto(`/g/${group}`);
  await noor.getByRole("button", { name: "Join" }).click();
  await noor.getByRole("main", { name: "Ridge Hut Crew" }).waitFor();

  // Longer than the proxy's patience nobody says a word.
  const ends = sockets.filter((socket) => socket.isClosed()).length;
  const connects = asked.filter((each) => each.includes("/socket.io/") && !each.includes("sid=")).length;
  await ilse.waitForTimeout(2.5 * IMPATIENCE_MS);
  for (const page of [ilse, noor]) assert.equal(await page.locator(".banner").count(), 0);
  assert.equal(sockets.filter((socket) => socket.isClosed()).length, ends, "the WebSocket lives");
  assert.equal(asked.filter((each) => each.includes("/socket.io/") && !each.includes("sid=")).length, connects, "and so does the session that polls");
  await say(noor, "through a held request");
  await bubble(ilse, "through a held request").waitFor();
  await stored(noor, "through a held request");
  const start = Date.now();
  await device.send(group, "to a held request");
  await bubble(noor, "to a held request").waitFor();
  assert.ok(Date.now() - start < 2000, `${Date.now() - start} ms`);
  for (const each of asked) assert.ok(each.startsWith(url) || each.startsWith("data:") || each.startsWith("blob:"), each);

  // No foreign page may frame it.
  const foreign = await withSockets.newPage();
  await foreign.goto("about:blank");
  await foreign.setContent(`<iframe src="${url}/"></iframe>`);
  await until(() => foreign.frames().length === 2 && /^chrome-error:/.test(foreign.frames()[1].url()), "framing is refused");
});
