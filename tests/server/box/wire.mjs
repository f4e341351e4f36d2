// SPDX-License-Identifier: GPL-3.0-or-later
// The server below the official client: raw sessions of Engine.IO, frames and bytes.
import { Echo } from "../socketio/echo.mjs";

export { frame, reset, upgrade } from "../socketio/echo.mjs";

const PATH = "/socket.io/";

export class Wire extends Echo {
  static of(server) {
    return Object.assign(new Wire(), { url: server.url, port: server.port });
  }

  polling(query = "", path = PATH) {
    return super.polling(query, path);
  }

  ws(query = "", path = PATH, options) {
    return super.ws(query, path, options);
  }

  /** A WebSocket whose handshake packet has come. */
  async talk(query, options) {
    const peer = this.ws(query, PATH, options);
    await peer.next();
    return peer;
  }

  /** … and who has said who he is. */
  async signedIn(token) {
    const peer = await this.talk();
    peer.send(`40${JSON.stringify({ token })}`);
    const answer = await peer.next();
    if (!answer.startsWith("40{")) throw new Error(answer);
    return peer;
  }

  /** A session that polls and has said who it is; its sid. */
  async polls(token) {
    const sid = await this.session();
    await this.post(sid, `40${JSON.stringify({ token })}`);
    const answer = await this.text(sid);
    if (!String(answer).startsWith("40{")) throw new Error(answer);
    return sid;
  }
}
