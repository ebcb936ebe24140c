// Requests to the service, by relative URLs, so that the page works below any path of a proxy.
import { askForKey, currentKey, keyHeader } from "./key.js";

/** An answer that is a refusal: `message` is one sentence for people. */
export class Refusal extends Error {}

const address = new URLSearchParams(location.search);

/** The token of a share link that this page was opened by; null if it was not. */
export const sharedBy = address.get("share");

/** The job that the address of the page names; null if it names none. */
export const jobInAddress = address.get("job");

export async function ask(path, { method = "GET", body } = {}) {
  const used = currentKey();
  const response = await send(path, { method, body });
  if (response.status === 401 && !sharedBy) {
    if (used === currentKey()) await askForKey();
    return ask(path, { method, body });
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(answer?.detail ?? `The service answered ${response.status}.`);
  if (answer === null) throw new Refusal("The service gave an answer that cannot be read.");
  return answer;
}

export async function send(path, { method = "GET", body, accept = "application/json", signal } = {}) {
  const headers = { Accept: accept, ...(body && { "Content-Type": "application/json" }), ...keyHeader() };
  try {
    return await fetch(withShare(path), { method, headers, body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The service does not answer; it may have been stopped.");
  }
}

const shares = new Map();

/** Prepare links to files and pictures of a job: these cannot send the key themselves, so a share link opens them. */
export async function openFiles(id) {
  if (!currentKey() || shares.has(id)) return;
  const { query } = await ask(`jobs/${id}/share`, { method: "POST", body: { seconds: 43200 } });
  shares.set(id, query);
}

/** A link to a file or picture of a job that `openFiles` has prepared. */
export const opened = (url, id) => (currentKey() && shares.has(id) ? joined(url, shares.get(id)) : withShare(url));

const withShare = (url) => (sharedBy ? joined(url, `share=${encodeURIComponent(sharedBy)}`) : url);
const joined = (url, query) => `${url}${url.includes("?") ? "&" : "?"}${query}`;

/** The part of an absolute link below the service's own address. */
export const below = (href, marker) => href.slice(href.indexOf(marker) + 1);
