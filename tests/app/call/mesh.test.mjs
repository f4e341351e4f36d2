// SPDX-License-Identifier: GPL-3.0-or-later
// Call cores in processes of their own: they find, see, hear and lose one another.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import test from "node:test";
import { atEnd } from "../../kit/ending.mjs";
import { Core, Room, STATE, WAY, meet, until } from "./peer.mjs";

async function pair(t, options) {
  const room = new Room();
  const cores = await Promise.all([Core.start(t, "host", options), Core.start(t, "newcomer", { ...options, video: "smpte", audio: 880 })]);
  return { room, host: cores[0], newcomer: cores[1], cores };
}

test("two see and hear each other, switch, and come back", async (t) => {
  const { room, host, newcomer, cores } = await pair(t);
  for (const core of cores) room.join(core);
  await meet(cores);
  for (const [core, other] of [[host, "newcomer"], [newcomer, "host"]]) {
    const peer = await core.peer(other);
    assert.equal(peer.state, STATE.connected);
    assert.deepEqual([peer.width, peer.height], [640, 360]);
    assert.equal(peer.connections, 1);
    await until("the way is known", async () => (await core.peer(other)).way === WAY.direct);
  }

  newcomer.say({ do: "mute", on: true });
  await until("silence", async () => (await host.peer("newcomer")).level === 0);
  assert.equal(newcomer.announced.audio, false);
  assert.ok((await newcomer.report()).own_level > 40, "the microphone's own level goes on");
  newcomer.say({ do: "mute", on: false });

  newcomer.say({ do: "source", pattern: null });
  await until("the camera is off", async () => !newcomer.announced.video);
  await until("stalled", async () => (await host.peer("newcomer")).stalled);
  newcomer.say({ do: "source", pattern: "smpte" });
  await host.receives("newcomer");
  assert.equal((await host.peer("newcomer")).connections, 1, "none of this needs a connection");

  room.leave(newcomer);
  await until("the peer is gone", async () => (await host.report()).peers.length === 0);
  newcomer.remove("host");
  room.join(newcomer);
  await meet(cores);
});

test("a core without camera and microphone sees and hears", async (t) => {
  const room = new Room();
  const cores = await Promise.all([Core.start(t, "host"), Core.start(t, "blind", { video: null, audio: 0 })]);
  room.join(cores[0]);
  room.join(cores[1]);
  await cores[1].receives("host");
  assert.equal((await cores[0].peer("blind")).frames, 0);
  cores[1].say({ do: "source", pattern: "ball" });
  cores[1].say({ do: "source", tone: 440 });
  await meet(cores);
});

// Whoever waits for other sources than those that come shows nothing.
for (const blind of ["offers", "answers"])
  test(`a core that sends nothing yet and ${blind} names the sources that it will send`, async (t) => {
    const room = new Room();
    const said = new Map();
    room.carry = (from, to, data, deliver) => {
      if (data.sdp) said.set(from, data.sdp.sdp);
      deliver(data);
    };
    const cores = await Promise.all([Core.start(t, "host"), Core.start(t, "blind", { video: null, audio: 0 })]);
    for (const core of blind === "offers" ? cores : cores.toReversed()) room.join(core);
    await cores[1].receives("host");
    const [, sound, picture] = said.get("blind").split(/^m=/m);
    const sources = (line) => new Set([...line.matchAll(/^a=ssrc:(\d+) /gm)].map((match) => match[1]));
    assert.equal(sources(sound).size, 1, sound);
    assert.equal(sources(picture).size, 2, picture);
    assert.deepEqual([...sources(picture)], picture.match(/^a=ssrc-group:FID (\d+ \d+)/m)[1].split(" "));
  });

test("four in a mesh; one is killed, and another comes late", async (t) => {
  const room = new Room();
  const cores = await Promise.all(["a", "b", "c", "d"].map((id) => Core.start(t, id)));
  for (const core of cores.slice(0, 3)) room.join(core);
  await meet(cores.slice(0, 3));
  await cores[2].kill();
  room.leave(cores[2]);
  room.join(cores[3]);
  await meet([cores[0], cores[1], cores[3]]);
  assert.equal((await cores[0].report()).peers.length, 2);
});

test("a frozen peer is sought anew, and found when it thaws", async (t) => {
  const { room, host, newcomer, cores } = await pair(t);
  for (const core of cores) room.join(core);
  await meet(cores);
  newcomer.process.kill("SIGSTOP");
  await until("reconnecting", () => host.states.get("newcomer") === STATE.reconnecting);
  newcomer.process.kill("SIGCONT");
  await meet(cores);
  assert.ok((await host.peer("newcomer")).connections >= 2);
});

function runs(pid) {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

test("no core outlives its test, frozen or not", async (t) => {
  const core = await Core.start(t, "frozen");
  core.process.kill("SIGSTOP");
  await core.end();

  const program = `import { Core } from ${JSON.stringify(new URL("./peer.mjs", import.meta.url).href)};
    const core = await Core.start(null, "orphan");
    core.process.kill("SIGSTOP");
    console.log(core.process.pid);`;
  const other = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
  atEnd(t, () => other.kill("SIGKILL"));
  const [pid] = await once(createInterface({ input: other.stdout }), "line");
  assert.ok(runs(pid));
  other.kill("SIGKILL");
  await until("the core is gone with its test", () => !runs(pid));
});

/** Signalling as bad as the contract allows, and worse. */
const SHIMS = {
  "candidates before their description": (from, to, data, deliver) => {
    if (data.sdp) setTimeout(() => deliver(data), 300);
    else deliver(data);
  },
  "candidates late": (from, to, data, deliver) => setTimeout(() => deliver(data), data.sdp ? 0 : 400),
  "everything twice": (from, to, data, deliver) => {
    deliver(data);
    setTimeout(() => deliver(data), 200);
  },
  "foreign sessions and nonsense among it": (from, to, data, deliver) => {
    deliver({ ...data, session: "another" });
    deliver({ session: data.session, candidate: { candidate: "candidate:1 1 UDP 1 nowhere.local 9 typ host", sdpMid: "audio0", sdpMLineIndex: 0 } });
    deliver({ session: data.session, candidate: { candidate: "", sdpMid: "7", sdpMLineIndex: 7 } });
    deliver({ session: data.session, candidate: { candidate: "candidate:nonsense", sdpMid: null, sdpMLineIndex: 15 } });
    deliver({ session: data.session, sdp: { type: "answer", sdp: "v=0\r\nm=audio 9 x 0\r\n" } });
    deliver({ session: "stray", sdp: { type: "offer", sdp: "v=0\r\n" } });
    deliver({ session: data.session, renew: "yes" });
    deliver({ hello: 1 });
    deliver(data);
  },
};

for (const [name, shim] of Object.entries(SHIMS)) {
  test(`signals: ${name}`, async (t) => {
    const { room, host, cores } = await pair(t);
    room.carry = shim;
    for (const core of cores) room.join(core);
    await meet(cores, { frames: 5 });
  });
}
