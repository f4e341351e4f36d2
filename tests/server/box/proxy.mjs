// SPDX-License-Identifier: GPL-3.0-or-later
// A real HAProxy or nginx that ends TLS, with the very settings that docs/admin.md recommends, and what goes through it.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { join } from "node:path";
import { DEADLINE_MS, Device, Server, makeFolder, secretOf, until } from "./klatch.mjs";

const CERTIFICATE = process.env.KLATCH_TEST_CERTIFICATE;
const KEY = process.env.KLATCH_TEST_KEY;

/** The file of docs/admin.md. */
function recommended(language) {
  const text = readFileSync(new URL("../../../docs/admin.md", import.meta.url), "utf8");
  return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(text)[1];
}

/** Puts other words in the place of those that a reader of the file also has to replace. */
function fill(text, replacements) {
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), from);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Each gets the listening socket itself, as descriptor 3. */
export const HAPROXY = {
  name: "HAProxy",
  skip: CERTIFICATE && spawnSync("haproxy", ["-v"]).status === 0 ? false : "no HAProxy here",
  language: "haproxy",
  spawn(folder, text, { port }) {
    const pem = join(folder, "pair.pem");
    writeFileSync(pem, readFileSync(CERTIFICATE) + readFileSync(KEY));
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, fill(text, [["bind :443", "bind fd@3"], ["/etc/haproxy/chat.example.org.pem", pem], ["127.0.0.1:8765", `127.0.0.1:${port}`]]));
    return { command: "haproxy", args: ["-db", "-f", file] };
  },
};

export const NGINX = {
  name: "nginx",
  skip: CERTIFICATE && spawnSync("nginx", ["-v"]).status === 0 ? false : "no nginx here",
  language: "nginx",
  spawn(folder, text, { port, place }) {
    const { address, family, port: own } = place.address();
    const file = join(folder, "nginx.conf");
    const filled = fill(text, [
      ["listen 443", `listen ${family === "IPv6" ? `[${address}]` : address}:${own}`],
      ["# ssl_certificate …", `ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${KEY};`],
      ["127.0.0.1:8765", `127.0.0.1:${port}`],
    ]);
    const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${join(folder, name)};`);
    const user = process.getuid() === 0 ? "user root;" : "";
    writeFileSync(file, `${user} daemon off; master_process off; pid ${join(folder, "pid")}; error_log stderr; events {}\nhttp { access_log off; ${folders.join(" ")}\n${filled}}\n`);
    return { command: "nginx", args: ["-e", "stderr", "-p", folder, "-c", file], env: { NGINX: "3;" } };
  },
};

/** Takes a port for the proxy. */
async function reserve(host) {
  const server = net.createServer().listen({ host, port: 0 });
  await once(server, "listening");
  return { server, port: server.address().port, origin: `https://${host.includes(":") ? `[${host}]` : host}:${server.address().port}` };
}

export class Proxy {
  /** `change` may edit the file before it is used. */
  static async start(t, kind, { host = "127.0.0.1", trusted = "127.0.0.1", env = {}, change = (text) => text, publicUrl = true } = {}) {
    const proxy = new Proxy();
    const { server: place, origin } = await reserve(host);
    proxy.origin = origin;
    // Node finds no IPv6 address in a certificate that has it.
    proxy.agent = host.includes(":") ? new https.Agent({ checkServerIdentity: () => undefined }) : undefined;
    const public_url = publicUrl === true ? origin : publicUrl;
    proxy.server = await Server.start(t, {
      env: {
        KLATCH_TLS_CERTIFICATE: "",
        KLATCH_TLS_KEY: "",
        KLATCH_SERVER_TRUSTED_PROXIES: trusted,
        ...(public_url ? { KLATCH_SERVER_PUBLIC_URL: public_url, KLATCH_SERVER_DOMAIN: "tea.example" } : {}),
        ...env,
      },
    });
    const { command, args, env: own } = kind.spawn(makeFolder(t), change(recommended(kind.language)), { port: proxy.server.port, place });
    proxy.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe", place._handle.fd], env: { ...process.env, ...own } });
    proxy.log = "";
    for (const stream of [proxy.child.stdout, proxy.child.stderr]) stream.on("data", (chunk) => (proxy.log += chunk));
    const exited = once(proxy.child, "exit").then(() => (proxy.ended = true));
    t.after(async () => {
      proxy.child.kill("SIGKILL");
      await exited;
    });
    await new Promise((resolve) => place.close(resolve));
    await until(async () => {
      if (proxy.ended) throw new Error(`${kind.name} ended: ${proxy.log}`);
      return (await proxy.request("GET", "/healthz").catch(() => ({}))).status === 200;
    }, `${kind.name} to serve`);
    return proxy;
  }

  /** As a browser on a page of `origin`, from an address of one's own. */
  request(method, path, { body, raw, headers = {}, from = "127.0.0.1" } = {}) {
    const url = new URL(path, this.origin);
    const data = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const request = https.request(url, { method, headers, localAddress: this.agent ? undefined : from, agent: this.agent ?? false }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => {
          let json;
          try {
            json = JSON.parse(text);
          } catch {}
          resolve({ status: response.statusCode, headers: response.headers, text, json });
        });
      });
      request.on("error", reject);
      request.setTimeout(DEADLINE_MS, () => request.destroy(new Error("no answer")));
      request.end(data);
    });
  }

  api(method, path, options) {
    return this.request(method, `/api/v1/${path}`, options);
  }

  /** Registers with a cookie. → the Cookie header */
  async register(name, headers = {}) {
    const answer = await this.api("POST", "users", {
      body: { name, password: secretOf(name), cookie: true, invite: this.server.setupCode },
      headers: { Origin: this.origin, ...headers },
    });
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.headers["set-cookie"][0], /^__Host-klatch_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; .*Secure/);
    return answer.headers["set-cookie"][0].split(";")[0];
  }

  /** A session by polling, by hand. */
  async poll(Cookie) {
    const ask = async (method, query, body) => {
      const answer = await this.request(method, `/socket.io/?EIO=4&transport=polling${query}`, { raw: body, headers: { Cookie, Origin: this.origin } });
      assert.equal(answer.status, 200);
      return answer.text;
    };
    const { sid } = JSON.parse((await ask("GET", "")).slice(1));
    await ask("POST", `&sid=${sid}`, "40");
    assert.match(await ask("GET", `&sid=${sid}`), /^40\{"sid"/);
  }

  /** All that a page does with its cookie, and all that a foreign one must not. */
  async use(t, Cookie) {
    const { origin } = this;
    const patched = await this.api("PATCH", "me", { body: {}, headers: { Cookie, Origin: origin } });
    assert.equal(patched.status, 200, patched.text);
    await this.poll(Cookie);
    // Its polling does not find the way to [::1].
    for (const transports of this.agent ? [["websocket"]] : [["websocket"], ["polling"], ["polling", "websocket"]]) {
      const device = await Device.connect(t, origin, { transports, agent: this.agent, extraHeaders: { Cookie, Origin: origin } });
      assert.equal((await device.do("sync")).user.name, "anna");
      if (transports.length === 2) await until(() => device.socket.io.engine.transport.name === "websocket");
    }
    const { protocol, host, hostname, port } = new URL(origin);
    const foreign = ["null", "https://evil.example", `http://${host}`, `${protocol}//${hostname}:${Number(port) + 1}`, `${origin}.evil.example`, `https://evil.example:${port}`];
    for (const Origin of foreign) {
      assert.equal((await this.api("PATCH", "me", { body: {}, headers: { Cookie, Origin } })).status, 401, Origin);
      await assert.rejects(Device.connect(t, origin, { agent: this.agent, extraHeaders: { Cookie, Origin } }), (error) => error.data?.code === "unauthorized", Origin);
      const signIn = await this.api("POST", "sessions", { body: { name: "anna", password: secretOf("anna"), cookie: true }, headers: { Origin } });
      assert.equal(signIn.status, 403, Origin);
      assert.equal(signIn.headers["set-cookie"], undefined);
    }
  }
}

/** Rates and strangers are counted by the address beyond the proxy, whatever it is told. */
export async function testAddresses(t, kind) {
  const proxy = await Proxy.start(t, kind, { env: { KLATCH_LIMITS_SIGN_INS_PER_MINUTE: "10", KLATCH_LIMITS_CONNECTIONS_UNSIGNED: "5" } });
  await proxy.register("anna");
  const signIn = (from, headers) => proxy.api("POST", "sessions", { from, headers, body: { name: "nobody", password: "wrong password" } });
  for (let i = 0; i < 10; i++) {
    const made = { "X-Forwarded-For": `198.51.100.${i}`, Forwarded: `for=198.51.100.${i}`, "X-Real-IP": `198.51.100.${i}` };
    assert.equal((await signIn("127.0.0.2", made)).status, 401, `try ${i}`);
  }
  const limited = await signIn("127.0.0.2", { "X-Forwarded-For": "198.51.100.99" });
  assert.equal(limited.status, 429);
  assert.ok(Number(limited.headers["retry-after"]) > 0);
  assert.equal((await signIn("127.0.0.3")).status, 401, "the neighbour has tries of his own");
  // Nor is believed who comes from an address that is trusted, as the proxy's own is.
  const tries = [];
  for (let i = 0; i < 12; i++) tries.push((await signIn("127.0.0.1", { "X-Forwarded-For": `198.51.100.${i}` })).status);
  assert.ok(tries.includes(429), `${tries}`);

  // Five of one address that have not signed in; the proxy itself may bring any number.
  const stranger = (from) => new Promise((resolve, reject) => {
    const url = new URL("/socket.io/?EIO=4&transport=websocket", proxy.origin);
    const request = https.request(url, {
      localAddress: from,
      agent: false,
      headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" },
    });
    request.on("upgrade", (response, socket) => {
      t.after(() => socket.destroy());
      socket.on("error", () => {});
      resolve(response.statusCode);
    });
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
    request.end();
  });
  for (let i = 0; i < 5; i++) assert.equal(await stranger("127.0.0.4"), 101, `stranger ${i}`);
  assert.equal(await stranger("127.0.0.4"), 429);
  for (let i = 0; i < 5; i++) assert.equal(await stranger("127.0.0.5"), 101, `another address ${i}`);
}

/** While the server is away the proxy answers `status`; clients come back through it. */
export async function testRestart(t, kind, status) {
  const proxy = await Proxy.start(t, kind);
  const Cookie = await proxy.register("anna");
  const device = await Device.connect(t, proxy.origin, { extraHeaders: { Cookie, Origin: proxy.origin }, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 });
  await device.do("sync");
  await proxy.server.stop();
  await device.event("notice", ({ code }) => code === "shutdown");
  await until(async () => (await proxy.request("GET", "/healthz").catch(() => ({}))).status === status, `${kind.name} to have noticed`);
  await Server.start(t, {
    data: proxy.server.data,
    listen: `127.0.0.1:${proxy.server.port}`,
    env: { KLATCH_TLS_CERTIFICATE: "", KLATCH_TLS_KEY: "", KLATCH_SERVER_TRUSTED_PROXIES: "127.0.0.1", KLATCH_SERVER_PUBLIC_URL: proxy.origin, KLATCH_SERVER_DOMAIN: "tea.example" },
  });
  await until(() => device.socket.connected);
  await device.do("sync");
}
