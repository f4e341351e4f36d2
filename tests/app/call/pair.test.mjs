// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import test from "node:test";
import { Core, Room, STATE, meet, until } from "./peer.mjs";

test("two cores see and hear each other", async (t) => {
  const room = new Room();
  const [host, newcomer] = await Promise.all([Core.start(t, "host"), Core.start(t, "newcomer", { video: "smpte", audio: 880 })]);
  room.join(host);
  room.join(newcomer);
  await meet([host, newcomer]);
  for (const [core, other] of [[host, "newcomer"], [newcomer, "host"]]) {
    const peer = await core.peer(other);
    assert.equal(peer.state, STATE.connected);
    assert.deepEqual([peer.width, peer.height], [640, 360]);
    assert.equal(peer.connections, 1);
  }
});
