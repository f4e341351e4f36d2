// SPDX-License-Identifier: GPL-3.0-or-later
// The server with a certificate of its own: how it is set, refused, renewed, and what browsers get.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { Device, Server, makeFolder, run, secretOf, until } from "./klatch.mjs";

const CERTIFICATE = process.env.KLATCH_TEST_CERTIFICATE;
const KEY = process.env.KLATCH_TEST_KEY;

function makePair(folder, name, days) {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", String(days),
    "-subj", `/CN=${name}`, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  return { certificate, key };
}

function whose(server) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("https, its cookie, and who may bring it", async (t) => {
  const server = await Server.start(t);
  assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const account = { name: "anna", password: secretOf("anna"), cookie: true };
  const first = await server.api("POST", "users", { body: account, headers: { Origin: server.url } });
  assert.equal(first.status, 201, first.text);
  assert.equal(first.json.token, undefined);
  assert.match(first.headers["set-cookie"][0], /^__Host-klatch_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; .*Secure/);
  const [Cookie] = first.headers["set-cookie"][0].split(";");
  for (const transports of [["websocket"], ["polling"]]) {
    const device = await Device.connect(t, server.url, { transports, extraHeaders: { Cookie, Origin: server.url } });
    await device.do("sync");
    await assert.rejects(Device.connect(t, server.url, { transports, extraHeaders: { Cookie, Origin: server.url.replace("https", "http") } }));
  }
  const plain = server.url.replace("https", "http");
  assert.equal((await server.api("POST", "sessions", { body: account, headers: { Origin: plain } })).status, 403);
  // Links say https, without a public_url.
  const device = await Device.connect(t, server.url, { extraHeaders: { Cookie, Origin: server.url } });
  const { group } = await device.do("group:create", { client_id: "g", name: "Tea" });
  const { invite } = await device.do("group:invite", { group: group.id, link: true });
  assert.equal(invite.url, `${server.url}/i/${invite.code}`);
});

test("SIGHUP brings a renewed certificate into use, and a bad one does not", async (t) => {
  const folder = makeFolder(t);
  const [first, second] = [makePair(folder, "first", 90), makePair(folder, "second", 3)];
  const [certificate, key] = [join(folder, "use.crt"), join(folder, "use.key")];
  copyFileSync(first.certificate, certificate);
  copyFileSync(first.key, key);
  const server = await Server.start(t, { env: { KLATCH_TLS_CERTIFICATE: certificate, KLATCH_TLS_KEY: key } });
  assert.equal(await whose(server), "first");
  assert.doesNotMatch(server.stderr, /ends on/);

  // Half of the renewal is there.
  copyFileSync(second.certificate, certificate);
  server.child.kill("SIGHUP");
  await until(() => server.stderr.includes("stays in use"));
  assert.match(server.stderr, /klatch-server: The old certificate, which ends on \d{4}-\d\d-\d\d, stays in use: the key \S+use\.key is not that of the certificate \S+use\.crt; .*Put that right, then reload again\n/);
  assert.equal(await whose(server), "first");

  copyFileSync(second.key, key);
  server.child.kill("SIGHUP");
  await until(() => /New connections get the certificate that ends on \d{4}-/.test(server.stderr));
  assert.equal(await whose(server), "second");
  await until(() => /The certificate \S+use\.crt ends on \d{4}-\d\d-\d\d\. Renew it/.test(server.stderr));
  assert.doesNotMatch(server.stderr, /PRIVATE KEY|BEGIN/);
  assert.deepEqual(await server.stop(), { status: 0, signal: null });
});

test("systemd is told of a reload; without TLS there is nothing to reload, and nothing happens", async (t) => {
  const server = await Server.start(t, { env: { KLATCH_TLS_CERTIFICATE: "", KLATCH_TLS_KEY: "" } });
  assert.match(server.url, /^http:/);
  server.child.kill("SIGHUP");
  assert.equal((await server.api("GET", "server")).status, 200);
  assert.equal(server.ended, undefined);
  const unit = readFileSync(new URL("../../../data/klatch-server.service.in", import.meta.url), "utf8");
  assert.match(unit, /^ExecReload=.*HUP \$MAINPID$/m);
});

test("what cannot be used is refused at the start, and by --check-config", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "server.conf");
  const other = makePair(folder, "other", 30);
  writeFileSync(join(folder, "half.pem"), readFileSync(CERTIFICATE, "utf8").slice(0, -50));
  const rows = [
    [`certificate=${CERTIFICATE}`, /^(klatch-server: )?\[tls\] key: is missing; certificate and key go together\n$/],
    [`key=${KEY}`, /^(klatch-server: )?\[tls\] certificate: is missing/],
    [`certificate=/nonexistent/c.pem\nkey=${KEY}`, /^(klatch-server: )?\[tls\]: the certificate \/nonexistent\/c\.pem cannot be read: No such file or directory\n$/],
    [`certificate=${folder}\nkey=${KEY}`, /is no file\n$/],
    [`certificate=${CERTIFICATE}\nkey=${other.key}`, /is not that of the certificate/],
    [`certificate=${join(folder, "half.pem")}\nkey=${KEY}`, /half\.pem is cut off or damaged/],
    [`certificate=${CERTIFICATE}\nkey=${KEY}\n[server]\npublic_url=http://tea.example`, /public_url: must begin with https/],
  ];
  const env = { KLATCH_TLS_CERTIFICATE: undefined, KLATCH_TLS_KEY: undefined };
  for (const [text, reason] of rows) {
    writeFileSync(file, `[tls]\n${text}\n`);
    for (const args of [["--check-config"], ["--data", join(folder, "data"), "--listen", "127.0.0.1:0"]]) {
      const refused = await run(["--config", file, ...args], env);
      assert.equal(refused.status, 2, text);
      assert.match(refused.stderr, reason);
      assert.equal(refused.stderr.trim().split("\n").length, 1, refused.stderr);
    }
  }
  // A path that does not begin with a slash is one below the data folder.
  copyFileSync(CERTIFICATE, join(folder, "c.pem"));
  copyFileSync(KEY, join(folder, "k.pem"));
  writeFileSync(file, "[tls]\ncertificate=c.pem\nkey=k.pem\n");
  assert.deepEqual(await run(["--config", file, "--data", folder, "--check-config"], env), { stdout: "", stderr: "", status: 0, signal: null });
});
