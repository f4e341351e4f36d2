// SPDX-License-Identifier: GPL-3.0-or-later
// Calls from browser to browser, with Chromium's made-up camera and microphone: real WebRTC, frames counted on both sides.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { until } from "../server/box/klatch.mjs";
import { closeBrowser, createGroup, inviteLink, makeFolder, profile, register, Server } from "./web/browser.mjs";

after(closeBrowser);

const MEDIA = { permissions: ["camera", "microphone"] };
const pictures = process.env.KLATCH_PICTURES;

async function person(t, server, name, path = "/", options = {}) {
  const page = await (await profile(t, server, { ...MEDIA, ...options })).newPage();
  await register(page, name, path);
  return page;
}

/** A group with these people in it, all on its page. */
async function gather(t, server, names, options = {}) {
  const [first, ...others] = names;
  const pages = [await person(t, server, first, "/", options)];
  await createGroup(pages[0], "Ridge Hut Crew");
  const path = new URL(await inviteLink(pages[0])).pathname;
  for (const name of others) pages.push(await person(t, server, name, path, options));
  for (const page of pages) await page.getByRole("main", { name: "Ridge Hut Crew" }).waitFor();
  return pages;
}

async function enter(page, button = /Start a call|Join the call/) {
  await page.locator(".conversation-header").getByRole("button", { name: button }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^(Start the call|Join \d+ pe)/ }).click();
  await page.getByRole("region", { name: "Call in Ridge Hut Crew" }).waitFor();
}

/** How many frames of others' pictures have been drawn, by tile. */
const frames = (page) =>
  page.locator(".call-tile:not([aria-label*='(you)']) video").evaluateAll((videos) => videos.map((video) => video.getVideoPlaybackQuality().totalVideoFrames));

async function moves(page, others) {
  const before = await until(async () => {
    const counts = await frames(page);
    return counts.length === others && counts.every((count) => count > 0) && counts;
  }, `${others} pictures`);
  await until(async () => {
    const now = await frames(page);
    return now.length === others && now.every((count, index) => count > before[index] + 3);
  }, `${others} moving pictures`);
}

const shot = (page, name) => (pictures ? page.screenshot({ path: `${pictures}/${name}.png` }) : undefined);

test("two see each other; one mutes, shares and leaves", async (t) => {
  const server = await Server.start(t);
  const [ilse, noor] = await gather(t, server, ["ilse", "noor"]);
  await ilse.locator(".conversation-header").getByRole("button", { name: "Start a call" }).click();
  await ilse.getByText("everybody in the call can see your network address").waitFor();
  await shot(ilse, "call-door");
  await ilse.getByRole("button", { name: "Cancel" }).click();
  await enter(ilse);
  await ilse.getByText("Nobody else is here yet").waitFor();

  // The other is told: in the header, in the list, in the people pane; it rings when asked to.
  await noor.locator(".people-pane").getByText("Call in progress").waitFor();
  await noor.locator(".live-pill.in-call").waitFor();
  await ilse.getByRole("button", { name: "Ring everybody" }).click();
  const ring = noor.getByRole("dialog", { name: "Call from Ilse" });
  await ring.waitFor();
  await shot(noor, "call-incoming");
  await ring.getByRole("button", { name: "Join", exact: true }).click();
  await moves(ilse, 1);
  await moves(noor, 1);

  await noor.keyboard.press("m");
  await ilse.getByRole("group", { name: /^Noor, muted/ }).waitFor();
  await noor.keyboard.press("v");
  await ilse.getByRole("group", { name: /^Noor, muted, camera off/ }).waitFor();
  await noor.keyboard.press("h");
  await ilse.getByRole("group", { name: /hand raised/ }).waitFor();
  await noor.keyboard.press("v");
  await noor.keyboard.press("m");
  await ilse.getByRole("group", { name: "Noor, hand raised" }).waitFor();
  await moves(ilse, 1);

  // Small, while one writes.
  await noor.getByRole("button", { name: /^Chat/ }).click();
  await noor.locator(".call-floating").waitFor();
  await noor.locator("textarea").fill("I write while we talk");
  await noor.locator("textarea").press("Enter");
  await shot(noor, "call-floating");
  await ilse.getByRole("button", { name: "Chat, 1 unread" }).waitFor();

  await noor.locator(".call-floating").getByRole("button", { name: "Leave the call" }).click();
  await ilse.getByText("Nobody else is here yet").waitFor();
  await ilse.getByRole("button", { name: "Leave the call" }).click();
  await ilse.locator(".system-row", { hasText: /Call, \d+:\d\d/ }).waitFor();
  await noor.locator(".people-pane").getByText("Call in progress").waitFor({ state: "detached" });
});

test("four in a grid, three of them by voice only", async (t) => {
  const server = await Server.start(t);
  const pages = await gather(t, server, ["ilse", "noor", "mateo", "yuki"]);
  // Two processors hold few pictures: one is sent, and all others see it.
  for (const [index, page] of pages.entries()) {
    await enter(page);
    if (index > 0) await page.keyboard.press("v");
  }
  for (const [index, page] of pages.entries()) {
    await page.locator(".call-tile").nth(3).waitFor();
    await page.locator(".call-waiting").waitFor({ state: "detached" });
    if (index > 0) await until(async () => (await frames(page)).some((count) => count > 2), "the one picture");
  }
  await shot(pages[0], "call-four");
  await pages[0].setViewportSize({ width: 390, height: 780 });
  await shot(pages[0], "call-four-narrow");
});

test("the call goes on while the server is away", async (t) => {
  const folder = makeFolder(t);
  const first = await Server.start(t, { data: folder });
  const [ilse, noor] = await gather(t, first, ["ilse", "noor"]);
  await enter(ilse);
  await enter(noor);
  await moves(ilse, 1);
  await first.kill();
  await ilse.getByText("No connection to the server. The call goes on.").waitFor();
  await moves(ilse, 1);
  await moves(noor, 1);
  await Server.start(t, { data: folder, listen: `127.0.0.1:${first.port}` });
  await ilse.getByText("No connection to the server. The call goes on.").waitFor({ state: "detached" });
  await noor.getByText("No connection to the server. The call goes on.").waitFor({ state: "detached" });
  // Signals go to and fro again, and the picture has never stopped.
  await noor.keyboard.press("h");
  await ilse.getByRole("group", { name: "Noor, hand raised" }).waitFor();
  await moves(ilse, 1);
  assert.equal(await ilse.locator(".call-tile").count(), 2);
});

test("without a camera or microphone one joins and is told", async (t) => {
  const server = await Server.start(t);
  const [ilse, noor] = await gather(t, server, ["ilse", "noor"]);
  await noor.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none", "NotFoundError"));
  });
  await enter(ilse);
  await noor.locator(".conversation-header").getByRole("button", { name: "Join the call" }).click();
  await noor.getByText("No camera was found. You can join without.").waitFor();
  await noor.getByRole("dialog").getByRole("button", { name: /^Join \d+ pe/ }).click();
  await ilse.getByRole("group", { name: "Noor, muted, camera off" }).waitFor();
  await moves(noor, 1);
  await noor.getByText("There is no microphone. The others do not hear you.").waitFor();
});
