/**
 * In a web page: what the microphone hears, transcribed. The browser's own recorder makes WebM or MP4; the server reads
 * it as it comes. The page must be served over https, or from localhost, and its origin be allowed
 * (security.allowed_origins) unless it is the server's own.
 *
 *     const stop = await transcribe("https://speech.example", (text) => (caption.textContent = text));
 *
 * A key goes into the third argument. Whoever reads the page reads it too: keep it to pages of your own.
 */
export async function transcribe(address, onText, key = "") {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const encoding = MediaRecorder.isTypeSupported("audio/webm;codecs=opus") ? "webm" : "mp4";
  const recorder = new MediaRecorder(stream, { mimeType: `audio/${encoding}` });
  const url = address.replace(/^http/, "ws").replace(/\/+$/, "");
  const protocols = key ? ["realtime", `openai-insecure-api-key.${key}`] : [];
  const socket = new WebSocket(`${url}/ws/stt?encoding=${encoding}`, protocols);
  let before = "";
  let stable = "";

  socket.onopen = () => recorder.start(100); // ms in each message
  recorder.ondataavailable = ({ data }) => socket.readyState === WebSocket.OPEN && socket.send(data);
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "partial") {
      stable += event.stable_delta;
      onText(before + stable + event.tail);
    } else if (event.type === "final") {
      before += `${event.text} `;
      stable = "";
      onText(before);
    }
  };
  return () => {
    recorder.onstop = () => socket.send(JSON.stringify({ type: "end" })); // after its last piece
    recorder.stop();
    stream.getTracks().forEach((track) => track.stop());
  };
}
