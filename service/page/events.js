// The state of a job as it changes: its stream of server-sent events, read by fetch, as EventSource sends no key.
import { send } from "./api.js";

const PAUSE_MS = 3000;
const NO_LOG = 2 ** 31 - 1; // the events of the log are not wanted, only states

/** Follow a job until it ends; `onStatus` gets each new state. Returns a function that stops it. */
export function follow(id, onStatus) {
  const stopping = new AbortController();
  (async () => {
    let ended = false;
    while (!ended && !stopping.signal.aborted) {
      try {
        ended = await listen(id, (job) => { if (!stopping.signal.aborted) onStatus(job); }, stopping.signal);
      } catch {
        // broken off, or too many streams are open: the list goes on asking meanwhile
      }
      if (!ended) await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  })();
  return () => stopping.abort();
}

/** Read one stream; true if the job has ended. */
async function listen(id, onStatus, signal) {
  const response = await send(`jobs/${id}/events?after=${NO_LOG}`, { accept: "text/event-stream", signal });
  if (!response.ok || !response.body) return response.status === 404;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return false;
    const messages = (rest + value).split("\n\n");
    rest = messages.pop();
    for (const job of messages.map(status).filter(Boolean)) {
      onStatus(job);
      if (!["accepted", "running"].includes(job.status)) return true;
    }
  }
}

function status(message) {
  const fields = Object.fromEntries(message.split("\n").map((line) => line.split(/: (.*)/s)));
  return fields.event === "status" ? JSON.parse(fields.data) : null;
}
