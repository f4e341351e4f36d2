// SPDX-License-Identifier: GPL-3.0-or-later
// A server of somebody else's that a test starts for itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Free at this moment, for a program that does not choose a port itself. Another may be quicker. */
export async function findPort(host = "127.0.0.1") {
  const server = net.createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Has a temporary folder, can be frozen, killed and started again, and dies with the test. */
export class Daemon {
  constructor(t, name) {
    this.folder = mkdtempSync(join(tmpdir(), `klatch-${name}-`));
    t.after(async () => {
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  spawn(program, args) {
    this.child = spawn("setpriv", ["--pdeathsig", "KILL", "--", program, ...args.map(String)], { stdio: "ignore" });
    this.exited = once(this.child, "exit");
  }

  /** Or was never started. */
  get hasEnded() {
    return !this.child || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** SIGSTOP, SIGCONT … */
  signal(name) {
    this.child.kill(name);
  }

  async kill() {
    if (!this.hasEnded) this.child.kill("SIGKILL");
    await this.exited;
  }
}
