// SPDX-License-Identifier: GPL-3.0-or-later
// The desktop client in its own window, driven through accessibility (desk.py) by the same test that drives a browser.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

export class Desk {
  /** `home`: the folder that outlives a restart; `program`: the klatch to start. */
  static async start(t, { program, home, server }) {
    const desk = new Desk();
    desk.driver = spawn("python3", [path.join(here, "desk.py")], { stdio: ["pipe", "pipe", "inherit"] });
    desk.lines = createInterface({ input: desk.driver.stdout })[Symbol.asyncIterator]();
    desk.turn = Promise.resolve();
    desk.launch = {
      argv: [program, "--server", server],
      env: { XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config`, XDG_CACHE_HOME: `${home}/cache`, ASAN_OPTIONS: "detect_leaks=0" },
      log: `${home}/klatch.log`,
    };
    t.after(async () => {
      desk.driver.stdin.end();
      if (desk.driver.exitCode === null) await once(desk.driver, "exit");
    });
    await desk.restart();
    return desk;
  }

  restart() {
    return this.do("start", this.launch);
  }

  do(what, details = {}) {
    const turn = this.turn.then(async () => {
      this.driver.stdin.write(`${JSON.stringify({ do: what, ...details })}\n`);
      const { value, done } = await this.lines.next();
      if (done) throw new Error(`the desktop's driver ended during ${what}`);
      const { ok, error } = JSON.parse(value);
      if (error) throw new Error(error);
      return ok;
    });
    this.turn = turn.catch(() => {});
    return turn;
  }

  /** `within`: the name of the dialog that has it. */
  press(role, name, within = null) {
    return this.do("press", { role, name, within });
  }

  write(name, text) {
    return this.do("write", { name, text });
  }

  /** What a screen reader says of the first thing with this role whose words have `has`. */
  find(role, has) {
    return this.do("find", { role, has });
  }

  count(role, has) {
    return this.do("count", { role, has });
  }

  /** Types into the composer of the open group and sends. */
  async say(group, text) {
    await this.write(`Message ${group}`, text);
    await this.press("button", "Send");
  }

  picture(file) {
    return this.do("picture", { path: file });
  }

  close() {
    return this.do("close");
  }

  kill() {
    return this.do("kill");
  }
}
