// SPDX-License-Identifier: GPL-3.0-or-later
// What Klatch is measured against: chat as it is commonly built on Node.js and socket.io. Every message goes through
// Redis publish/subscribe, the newest 100 of a group are kept in a Redis list.
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { createClient } from "redis";
import { Server } from "socket.io";

const redis = createClient({ url: process.argv[2] });
const subscriber = redis.duplicate();
await Promise.all([redis.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, { transports: ["websocket"], pingInterval: 15000, pingTimeout: 10000, serveClient: false });
await subscriber.pSubscribe("group:*", (text, channel) => io.to(channel).emit("message", JSON.parse(text)));

io.on("connection", (socket) => {
  socket.on("group:create", async ({ client_id: id }, answer) => {
    await socket.join(`group:${id}`);
    answer({ ok: true, group: { id } });
  });
  socket.on("group:join", async ({ group }, answer) => {
    await socket.join(`group:${group}`);
    answer({ ok: true, group: { id: group } });
  });
  socket.on("sync", (_, answer) => answer({ ok: true, groups: [] }));
  socket.on("message:send", async ({ group, client_id, body }, answer) => {
    const message = { id: randomUUID(), group, sender: socket.id, client_id, kind: "text", body, created_at: Date.now() };
    const text = JSON.stringify({ group, message });
    await Promise.all([
      redis.lPush(`history:${group}`, text),
      redis.lTrim(`history:${group}`, 0, 99),
      redis.publish(`group:${group}`, text),
    ]);
    answer({ ok: true, message });
  });
});

http.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => console.error(`listening on http://127.0.0.1:${http.address().port}`));
