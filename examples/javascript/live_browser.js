/**
 * In a web page: a GPT-Live session by WebRTC, the microphone in and speech out, with the page as its brain. The server
 * needs requirements/webrtc.txt; the page must be served over https, or from localhost, and its origin be allowed
 * (security.allowed_origins) unless it is the server's own.
 *
 *     const end = await live("https://speech.example", async (said) => `You said: ${said}`);
 *
 * A key goes into the third argument. Whoever reads the page reads it too: keep it to pages of your own.
 */
export async function live(address, answer, key = "") {
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const peer = new RTCPeerConnection();
  const speaker = new Audio();
  peer.ontrack = ({ streams }) => {
    speaker.srcObject = streams[0];
    speaker.play();
  };
  microphone.getTracks().forEach((track) => peer.addTrack(track, microphone));
  const events = peer.createDataChannel("oai-events");
  let said = "";
  events.onmessage = async ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "session.input_transcript.delta") said += event.delta;
    if (event.type !== "session.delegation.created") return;
    const words = said.trim();
    said = "";
    const content = await answer(words); // spoken as it stands; there may be several appends
    events.send(JSON.stringify({ type: "session.commentary.append", content, delegation_id: event.delegation.id }));
  };

  await peer.setLocalDescription(await peer.createOffer());
  const made = await fetch(`${address.replace(/\/+$/, "")}/v1/live/sessions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) },
    body: JSON.stringify({
      session: { model: "gpt-live-1" },
      transport: { type: "webrtc", sdp: peer.localDescription.sdp },
    }),
  });
  const body = await made.json();
  if (!made.ok) throw new Error(body.error.message);
  await peer.setRemoteDescription({ type: "answer", sdp: body.transport.sdp });
  return () => {
    events.send(JSON.stringify({ type: "session.close" }));
    microphone.getTracks().forEach((track) => track.stop());
  };
}
