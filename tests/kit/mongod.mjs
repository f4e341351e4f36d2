// SPDX-License-Identifier: GPL-3.0-or-later
// A MongoDB for tests, as kl-test-mongod.h: `mongod` or FerretDB (.ci/ferretdb), on a free port, with its data in a
// temporary folder. It dies with the test.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Daemon, findPort } from "./daemon.mjs";

const DEADLINE_MS = 30000;
const SCRIPT = fileURLToPath(new URL("../../.ci/ferretdb", import.meta.url));
let program = process.env.KLATCH_TEST_MONGOD;

function findProgram() {
  program ??= spawnSync(SCRIPT, { stdio: ["ignore", "pipe", "inherit"] }).stdout.toString().trim();
  return program;
}

/** Whether there is one to be had here: test("…", { skip: !mongodIsThere() }, …). Builds it where that has not happened. */
export const mongodIsThere = () => findProgram() !== "";

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

export class Mongod extends Daemon {
  /** Starts one, empty; it is stopped after the test `t`. `uri` lacks a slash and the name of a database. */
  static async start(t) {
    const self = new Mongod(t, "mongod");
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
    this.spawn(path, args);
    const end = Date.now() + DEADLINE_MS;
    while (!(await takesConnections(this.port))) {
      if (this.hasEnded) return false;
      if (Date.now() > end) throw new Error("the test database does not listen");
      await delay(5);
    }
    return !this.hasEnded;
  }

  /** Again, on the same port and data. */
  async restart() {
    await this.kill();
    for (let i = 0; i < 50; i++) if (await this.#run()) return;
    throw new Error("the port of the test database is taken");
  }
}
