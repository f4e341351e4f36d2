// SPDX-License-Identifier: GPL-3.0-or-later
// Bad lines and long calls. Minutes; run by ./dev test --all.
import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Core, Room, STATE, meet, until } from "./peer.mjs";

/** Pictures a second that `core` gets of `id`, over `seconds`. */
async function rate(core, id, seconds) {
  const before = await core.report();
  await sleep(seconds * 1000);
  const after = await core.report();
  const frames = (report) => report.peers.find((peer) => peer.id === id).frames;
  return ((frames(after) - frames(before)) * 1e6) / (after.now_usec - before.now_usec);
}

test("two may have a larger picture, three may not", async (t) => {
  const room = new Room();
  const cores = await Promise.all(["a", "b", "c", "d"].map((id) => Core.start(t, id)));
  cores[0].say({ do: "large", on: true });
  for (const core of cores.slice(0, 2)) room.join(core);
  await until("1280 pixels", async () => (await cores[1].peer("a"))?.width === 1280);
  for (const core of cores.slice(2)) room.join(core);
  await until("640 pixels", async () => (await cores[1].peer("a")).width === 640);
  assert.equal((await cores[1].peer("a")).connections, 1);
});

// Whole, at 30 pictures a second, six clients want three cores and more: here each sends ten, and decodes ten of each.
test("six in a mesh, at ten pictures a second; one goes and comes back", async (t) => {
  const room = new Room();
  const cores = await Promise.all(["a", "b", "c", "d", "e", "f"].map((id) => Core.start(t, id, { fps: 10 })));
  for (const core of cores) room.join(core);
  await meet(cores);
  for (const core of cores) {
    const { peers } = await core.report();
    assert.deepEqual(peers.map((peer) => [peer.state, peer.width, peer.height]), Array(5).fill([STATE.connected, 640, 360]));
    assert.deepEqual(new Set(peers.map((peer) => peer.id)), new Set(cores.map((other) => other.id).filter((id) => id !== core.id)));
  }
  const connections = new Map(cores.slice(0, 5).map((core) => [core.id, core.last.peers.map((peer) => [peer.id, peer.connections])]));

  const [last] = cores.slice(-1);
  room.leave(last);
  for (const core of cores.slice(0, 5)) last.remove(core.id);
  for (const core of cores) await until("gone", async () => (await core.report()).peers.length === (core === last ? 0 : 4));
  room.join(last);
  await meet(cores);
  // The other five have not noticed.
  for (const core of cores.slice(0, 5)) {
    const before = connections.get(core.id).filter(([id]) => id !== "f");
    assert.deepEqual((await core.report()).peers.filter((peer) => peer.id !== "f").map((peer) => [peer.id, peer.connections]), before);
  }
});

test("what the bench compares with: an encoder a peer, and others that decode nothing", async (t) => {
  const room = new Room();
  const cores = await Promise.all([Core.start(t, "a", { encoderAPeer: true }), Core.start(t, "b"), Core.start(t, "blind", { blind: true })]);
  for (const core of cores) room.join(core);
  await meet(cores.slice(0, 2), { frames: 30 });
  await until("packets at the blind one", async () => (await cores[2].report()).peers.every((peer) => peer.packets_received > 60 && peer.level > 40));
  assert.deepEqual((await cores[2].report()).peers.map((peer) => peer.frames), [0, 0]);
  // One encoder for each that is there, and what goes with it; it goes with them.
  const elements = async (core) => (await core.report()).elements;
  const before = await elements(cores[0]);
  room.leave(cores[2]);
  await until("fewer elements", async () => (await elements(cores[0])) < before - 10);
  await cores[1].receives("a");
});

test("5 % loss is repaired", async (t) => {
  const room = new Room();
  const filter = "netsim drop-probability=0.05";
  const cores = await Promise.all([Core.start(t, "a", { filter }), Core.start(t, "b", { filter })]);
  for (const core of cores) room.join(core);
  await meet(cores);
  const own = (await cores[0].report()).own_frames;
  const fps = await rate(cores[1], "a", 10);
  const made = ((await cores[0].report()).own_frames - own) / 10;
  t.diagnostic(`${fps.toFixed(1)} of ${made.toFixed(1)} pictures a second`);
  assert.ok(fps > made * 0.85, `${fps} of ${made} pictures a second`);
  assert.ok((await cores[1].peer("a")).level > 40);
});

test("a line of 300 kbit/s carries sound and a picture", async (t) => {
  const room = new Room();
  const filter = "netsim max-kbps=300 max-bucket-size=300";
  const cores = await Promise.all([Core.start(t, "narrow", { filter, video: "smpte" }), Core.start(t, "wide")]);
  for (const core of cores) room.join(core);
  await cores[0].receives("wide");
  await until("the encoder follows the line", async () => (await cores[0].report()).bitrate < 300_000, 60_000);
  const fps = await until("pictures through the narrow line", async () => {
    const now = await rate(cores[1], "narrow", 4);
    return now > 8 && now;
  }, 90_000);
  t.diagnostic(`${fps.toFixed(1)} pictures a second`);
  assert.ok((await cores[1].peer("narrow")).level > 40, "sound goes on");
  assert.equal((await cores[1].peer("narrow")).connections, 1);
});

test("100 come and go beside a running pair, and leave nothing behind", async (t) => {
  const room = new Room();
  const pair = await Promise.all([Core.start(t, "a"), Core.start(t, "b")]);
  for (const core of pair) room.join(core);
  await meet(pair);
  const guest = await Core.start(t, "guest");
  let early;
  for (let round = 1; round <= 100; round++) {
    room.join(guest);
    // Every third leaves in the midst of it.
    if (round % 3 !== 0) await until("connected", () => guest.states.get("a") === STATE.connected && guest.states.get("b") === STATE.connected);
    room.leave(guest);
    for (const core of pair) guest.remove(core.id);
    guest.states.clear();
    await until("gone", async () => (await Promise.all([...pair, guest].map((core) => core.report()))).every((report, index) => report.peers.length === (index < 2 ? 1 : 0)));
    if (round === 10) early = await settled(pair[0]);
  }
  const late = await settled(pair[0]);
  t.diagnostic(`descriptors ${early.descriptors} → ${late.descriptors}, threads ${early.threads} → ${late.threads}, elements ${early.elements} → ${late.elements}, RSS ${early.rss_kib} → ${late.rss_kib} KiB`);
  assert.equal(late.elements, early.elements);
  assert.ok(late.descriptors <= early.descriptors + 2, `${early.descriptors} → ${late.descriptors} descriptors`);
  assert.ok(late.threads <= early.threads + 4, `${early.threads} → ${late.threads} threads`);
  if (!process.env.ASAN_OPTIONS) assert.ok(late.rss_kib < early.rss_kib * 1.3, `${early.rss_kib} → ${late.rss_kib} KiB`);
  assert.equal((await pair[0].peer("b")).connections, 1, "the pair has not noticed");
  await meet(pair);
});

/** When what left has been taken out: the number of elements stands still. */
async function settled(core) {
  let last = await core.report();
  for (let still = 0; still < 4;) {
    await sleep(250);
    const now = await core.report();
    still = now.elements === last.elements && now.descriptors === last.descriptors ? still + 1 : 0;
    last = now;
  }
  return last;
}
