// SPDX-License-Identifier: GPL-3.0-or-later
// A MongoDB for tests, as kl-test-mongod.h: `mongod` or FerretDB (.ci/ferretdb), on a free port, with its data in a
// temporary folder. It dies with the test.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const DEADLINE_MS = 30000;
const SCRIPT = fileURLToPath(new URL("../../.ci/ferretdb", import.meta.url));
let program = process.env.KLATCH_TEST_MONGOD;

function findProgram() {
  program ??= spawnSync(SCRIPT, { stdio: ["ignore", "pipe", "inherit"] }).stdout.toString().trim();
  return program;
}

/** Whether there is one to be had here: test("…", { skip: !mongodIsThere() }, …). Builds it where that has not happened. */
export const mongodIsThere = () => findProgram() !== "";

/** Free at this moment. Another program may be quicker; then the start is tried again. */
async function findPort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function takesConnections(port) {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export class Mongod {
  /** Starts one, empty; it is stopped after the test `t`. `uri` lacks a slash and the name of a database. */
  static async start(t) {
    const self = new Mongod();
    self.folder = mkdtempSync(join(tmpdir(), "klatch-mongod-"));
    t.after(async () => {
      await self.kill();
      rmSync(self.folder, { recursive: true, force: true });
    });
    for (let i = 0; i < 5; i++) {
      self.port = await findPort();
      if (await self.#run()) {
        self.uri = `mongodb://127.0.0.1:${self.port}`;
        return self;
      }
    }
    throw new Error("no port for the test database");
  }

  /** False: it ended, since somebody else has the port. */
  async #run() {
    const path = findProgram();
    const args =
      basename(path) === "mongod"
        ? ["--bind_ip", "127.0.0.1", "--port", this.port, "--dbpath", this.folder, "--nounixsocket", "--quiet"]
        : [
            "--handler=sqlite",
            `--sqlite-url=file:${this.folder}/`,
            `--state-dir=${this.folder}`,
            `--listen-addr=127.0.0.1:${this.port}`,
            "--telemetry=disable",
            "--debug-addr=-",
            "--log-level=warn",
          ];
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", path, ...args.map(String)], { stdio: "ignore" });
    this.child = child;
    this.exited = once(child, "exit");
    const end = Date.now() + DEADLINE_MS;
    while (!(await takesConnections(this.port))) {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      if (Date.now() > end) throw new Error("the test database does not listen");
      await delay(5);
    }
    return child.exitCode === null;
  }

  /** SIGSTOP, SIGCONT … */
  signal(name) {
    this.child.kill(name);
  }

  async kill() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.exited;
  }

  /** Again, on the same port and data. */
  async restart() {
    await this.kill();
    for (let i = 0; i < 50; i++) if (await this.#run()) return;
    throw new Error("the port of the test database is taken");
  }
}
