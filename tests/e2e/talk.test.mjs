// SPDX-License-Identifier: GPL-3.0-or-later
// Two people talk: one in the desktop client, one in a browser, on a real server, as they would.
import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { Desk } from "./desk.mjs";
import { bubble, closeBrowser, makeFolder, PASSWORD, profile, register, say, Server, stored } from "./web/browser.mjs";

const program = process.env.KLATCH_PROGRAM;
const pictures = process.env.KLATCH_PICTURES;

after(closeBrowser);

test("a desktop and a browser meet and talk, in both directions, also over a dead server", async (t) => {
  const data = makeFolder(t);
  const home = makeFolder(t);
  let server = await Server.start(t, { data });
  const address = new URL(server.url).host;

  // Ilse registers on the desktop, starts a group and asks for a link.
  const ilse = await Desk.start(t, { program, home, server: server.url });
  await ilse.write("Username", "ilse");
  await ilse.write("Your name (as others see it)", "Ilse");
  await ilse.write("Password", PASSWORD);
  await ilse.press("button", "Create account");
  await ilse.press("list item", "Start a group");
  await ilse.write("Name", "Ridge Hut Crew");
  await ilse.press("button", "Create");
  await ilse.press("button", "Invite people");
  const link = await ilse.find("label", "/i/");
  assert.match(link, new RegExp(`^http://${address}/i/`));
  await ilse.press("button", "Close", "Invite people");

  // Noor comes by it in a browser.
  const context = await profile(t, server);
  const noor = await context.newPage();
  await register(noor, "noor", new URL(link).pathname);
  await noor.getByRole("main", { name: "Ridge Hut Crew" }).waitFor();
  await ilse.find("button", "2 here");
  await ilse.find("list item", "Noor, here now");

  await noor.locator("textarea").pressSequentially("The kettle");
  await ilse.find("label", "Noor is typing");
  await say(noor, "The kettle is on ☕");
  assert.match(await ilse.find("list item", ", The kettle is on ☕"), /^Noor, /);
  await ilse.say("Ridge Hut Crew", "Two minutes, bringing <cake> & candles 🍰");
  await bubble(noor, "Two minutes, bringing <cake> & candles 🍰").waitFor();
  if (pictures) {
    await ilse.picture(path.join(pictures, "desktop.png"));
    await noor.screenshot({ path: path.join(pictures, "browser.png") });
  }

  // The server dies. What Ilse writes meanwhile waits on her disk, over a death of her client too.
  const port = new URL(server.url).port;
  await server.kill();
  await ilse.say("Ridge Hut Crew", "written while nobody listened");
  await ilse.find("list item", ", written while nobody listened");
  await ilse.kill();
  await ilse.restart();
  await ilse.find("list item", ", The kettle is on ☕");
  await ilse.find("list item", ", written while nobody listened");
  server = await Server.start(t, { data, listen: `127.0.0.1:${port}` });
  await bubble(noor, "written while nobody listened").waitFor();
  await say(noor, "we heard you");
  await stored(noor, "we heard you");
  await ilse.find("list item", ", we heard you");
  assert.equal(await bubble(noor, "written while nobody listened").count(), 1);

  // Gone is gone, at both ends.
  assert.equal(await ilse.close(), 0);
  await noor.locator(".conversation-header", { hasText: "You are here" }).waitFor();
});
