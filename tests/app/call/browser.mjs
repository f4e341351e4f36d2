// SPDX-License-Identifier: GPL-3.0-or-later
// Headless Chromium as a member of a Room: the least that keeps protocol.md's "Connections between peers".
import { createServer } from "node:http";
import { once } from "node:events";
import { chromium } from "playwright-core";
import { atEnd } from "../../kit/ending.mjs";
import { until } from "./peer.mjs";

/** Runs in the page. */
function install() {
  const peers = new Map();

  function open(id, session) {
    peers.get(id)?.pc.close();
    const peer = { session, pc: new RTCPeerConnection({ bundlePolicy: "max-bundle" }), early: [], video: document.createElement("video") };
    peers.set(id, peer);
    Object.assign(peer.video, { autoplay: true, playsInline: true });
    document.body.append(peer.video);
    peer.video.srcObject = new MediaStream();
    peer.pc.ontrack = ({ track }) => peer.video.srcObject.addTrack(track);
    peer.pc.onicecandidate = ({ candidate }) =>
      window.say(id, { session, candidate: candidate && { candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex } });
    peer.pc.onconnectionstatechange = () => {
      if (peer.pc.connectionState === "failed" && peers.get(id) === peer) renew(id);
    };
    for (const track of window.media.getTracks().sort((a, b) => (a.kind < b.kind ? -1 : 1))) peer.pc.addTrack(track, window.media);
    return peer;
  }

  async function offer(id) {
    const peer = open(id, crypto.randomUUID());
    peer.offerer = true;
    await peer.pc.setLocalDescription();
    window.say(id, { session: peer.session, sdp: { type: "offer", sdp: peer.pc.localDescription.sdp } });
  }

  function renew(id) {
    const peer = peers.get(id);
    if (peer.offerer) return offer(id);
    return window.say(id, { session: peer.session, renew: true });
  }

  async function flush(peer) {
    for (const candidate of peer.early.splice(0)) await peer.pc.addIceCandidate(candidate);
  }

  window.hear = async (id, data) => {
    let peer = peers.get(id);
    if (data.sdp?.type === "offer") {
      if (peer?.session === data.session) return;
      peer = open(id, data.session);
      await peer.pc.setRemoteDescription(data.sdp);
      await peer.pc.setLocalDescription();
      window.say(id, { session: data.session, sdp: { type: "answer", sdp: peer.pc.localDescription.sdp } });
      await flush(peer);
    } else if (peer?.session !== data.session) return;
    else if (data.sdp) {
      await peer.pc.setRemoteDescription(data.sdp);
      await flush(peer);
    } else if (data.renew) renew(id);
    else if (peer.pc.remoteDescription) await peer.pc.addIceCandidate(data.candidate ?? undefined);
    else peer.early.push(data.candidate ?? undefined);
  };
  window.offer = offer;
  window.drop = (id) => {
    peers.get(id)?.pc.close();
    peers.delete(id);
  };
  window.look = async (id) => {
    const peer = peers.get(id);
    if (!peer) return undefined;
    const found = { state: peer.pc.connectionState, frames: 0, sound: 0, width: peer.video.videoWidth, lines: peer.pc.remoteDescription?.sdp.match(/^m=\w+/gm) };
    for (const one of (await peer.pc.getStats()).values()) {
      if (one.type !== "inbound-rtp") continue;
      if (one.kind === "video") found.frames = one.framesDecoded;
      else found.sound = one.totalAudioEnergy;
    }
    return found;
  };
}

export class Browser {
  static async start(t, id) {
    const self = new Browser();
    self.id = id;
    self.server = createServer((request, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>call</title>"));
    self.server.listen(0, "127.0.0.1");
    await once(self.server, "listening");
    self.chromium = await chromium.launch({
      executablePath: process.env.KLATCH_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        "--disable-features=WebRtcHideLocalIpsWithMdns", "--autoplay-policy=no-user-gesture-required"],
    });
    if (t) atEnd(t, () => self.end());
    self.page = await self.chromium.newPage();
    await self.page.exposeFunction("say", (to, data) => self.room?.signal(self.id, to, data));
    await self.page.goto(`http://127.0.0.1:${self.server.address().port}/`);
    await self.page.evaluate(install);
    await self.page.evaluate(async () => {
      window.media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360, frameRate: 30 } });
    });
    return self;
  }

  async end() {
    await this.chromium.close();
    this.server.close();
  }

  /** A page that is closed meanwhile has nothing to say any more. */
  run(func, argument) {
    this.page.evaluate(func, argument).catch((error) => {
      if (!/has been closed/.test(error.message)) throw error;
    });
  }

  add(id, offers) {
    if (offers) this.run((to) => window.offer(to), id);
  }

  remove(id) {
    this.run((from) => window.drop(from), id);
  }

  take(from, data) {
    this.run(([id, what]) => window.hear(id, what), [from, data]);
  }

  look(id) {
    return this.page.evaluate((from) => window.look(from), id);
  }

  async receives(id, { frames = 10 } = {}) {
    const before = (await this.look(id))?.frames ?? 0;
    return until(`${this.id} receives ${frames} pictures and sound of ${id}`, async () => {
      const peer = await this.look(id);
      return peer && peer.frames >= before + frames && peer.sound > 0 && peer;
    });
  }
}
