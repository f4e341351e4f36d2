// SPDX-License-Identifier: GPL-3.0-or-later
import { once } from "node:events";
import net from "node:net";

/** A line that can be cut, or go dead without a word; clients meet the server through it. */
export class Line {
  static async open(t, server) {
    const line = new Line();
    line.pairs = new Set();
    line.mode = "open";
    line.listener = net.createServer((near) => {
      if (line.mode === "cut") {
        near.destroy();
        return;
      }
      const far = net.connect(server.port, "127.0.0.1");
      const pair = { near, far, held: [] };
      line.pairs.add(pair);
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on("data", (bytes) => {
          if (line.mode === "held") pair.held.push([to, bytes]);
          else if (line.mode !== "dead") to.write(bytes);
        });
        from.on("error", () => {});
        from.on("close", () => {
          // That one end is gone is a packet like any other.
          if (line.mode === "dead") return;
          line.pairs.delete(pair);
          to.destroy();
        });
      }
    });
    line.listener.listen(0, "127.0.0.1");
    await once(line.listener, "listening");
    line.url = `${new URL(server.url).protocol}//127.0.0.1:${line.listener.address().port}`;
    t.after(() => {
      line.cut();
      line.listener.close();
    });
    return line;
  }

  cut() {
    this.mode = "cut";
    for (const { near, far } of this.pairs) {
      near.destroy();
      far.destroy();
    }
    this.pairs.clear();
  }

  /** Bytes vanish; nobody is told. */
  die() {
    this.mode = "dead";
  }

  /** Packets are lost, and will be sent again by both ends: bytes wait until mend(). */
  hold() {
    this.mode = "held";
  }

  mend() {
    if (this.mode === "dead") this.cut();
    this.mode = "open";
    for (const pair of this.pairs) for (const [to, bytes] of pair.held.splice(0)) to.write(bytes);
  }
}
