// SPDX-License-Identifier: GPL-3.0-or-later
// A coturn of its own on loopback, with time-limited credentials, as an administrator would set it up.
import { spawn, execFileSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { findPort } from "../../kit/daemon.mjs";
import { atEnd } from "../../kit/ending.mjs";
import { until } from "./peer.mjs";

export function turnIsThere() {
  try {
    execFileSync("turnserver", ["--version"], { stdio: "ignore" });
    return true;
  } catch (error) {
    return error.code !== "ENOENT";
  }
}

export class Turn {
  static async start(t) {
    const self = new Turn();
    self.secret = randomBytes(16).toString("hex");
    self.folder = mkdtempSync(path.join(tmpdir(), "klatch-turn-"));
    self.port = await findPort();
    self.log = "";
    self.process = spawn("turnserver", [
      "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", `--listening-port=${self.port}`, "--realm=klatch.test", "--use-auth-secret",
      `--static-auth-secret=${self.secret}`, "--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli", "--verbose", "--log-file=stdout", "--simple-log",
      `--userdb=${self.folder}/turndb`, `--pidfile=${self.folder}/pid`, "--relay-threads=1",
    ], { stdio: ["ignore", "pipe", "pipe"], cwd: self.folder });
    for (const stream of [self.process.stdout, self.process.stderr]) stream.on("data", (text) => (self.log += text));
    atEnd(t, async () => {
      self.process.kill("SIGKILL");
      if (self.process.exitCode === null && self.process.signalCode === null) await once(self.process, "exit");
      rmSync(self.folder, { recursive: true });
    });
    // Both transports listen when the UDP one does.
    await until("coturn listens", () => {
      if (self.process.exitCode !== null) throw new Error(`coturn has ended:\n${self.log}`);
      return readFileSync("/proc/net/udp", "utf8").includes(`0100007F:${self.port.toString(16).toUpperCase().padStart(4, "0")} `);
    });
    return self;
  }

  /** As the server makes them: HMAC-SHA1 over "expiry:user". */
  server(seconds) {
    const username = `${Math.floor(Date.now() / 1000) + seconds}:noor`;
    return { url: `turn:127.0.0.1:${this.port}?transport=udp`, username, credential: createHmac("sha1", this.secret).update(username).digest("base64") };
  }
}
