// SPDX-License-Identifier: GPL-3.0-or-later
// The call core with Chromium, whoever comes first.
import assert from "node:assert/strict";
import test from "node:test";
import { Browser } from "./browser.mjs";
import { Core, Room, until } from "./peer.mjs";

test("with Chromium as host, and as newcomer", async (t) => {
  const browser = await Browser.start(t, "browser");
  for (const order of ["browser first", "core first"]) {
    const room = new Room();
    const core = await Core.start(t, "core");
    for (const member of order === "browser first" ? [browser, core] : [core, browser]) room.join(member);
    await core.receives("browser", { sound: false });
    const seen = await browser.receives("core");
    assert.equal(seen.width, 640, order);
    assert.deepEqual(seen.lines, ["m=audio", "m=video"]);
    await until("the browser's beep", async () => (await core.peer("browser")).level > 20);
    assert.equal((await core.peer("browser")).connections, 1, order);
    room.leave(core);
    room.leave(browser);
  }
});

test("a camera and a microphone that are turned on after Chromium has come", async (t) => {
  const browser = await Browser.start(t, "browser");
  const core = await Core.start(t, "core", { video: null, audio: 0 });
  const room = new Room();
  room.join(core);
  room.join(browser);
  await core.receives("browser", { sound: false });
  core.say({ do: "source", pattern: "ball" });
  core.say({ do: "source", tone: 440 });
  await browser.receives("core");
  await until("Chromium draws", async () => (await browser.look("core")).width === 640);
});

test("what Chromium says too early, late and twice", async (t) => {
  const browser = await Browser.start(t, "browser");
  const core = await Core.start(t, "core");
  const room = new Room();
  room.carry = (from, to, data, deliver) => {
    if (data.sdp) setTimeout(() => deliver(data), 300);
    else {
      deliver(data);
      setTimeout(() => deliver(data), 500);
    }
  };
  room.join(core);
  room.join(browser);
  await core.receives("browser", { sound: false });
  await browser.receives("core");
});
