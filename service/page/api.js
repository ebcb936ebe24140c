// Requests to the service, by relative URLs, so that the page works below any path of a proxy.
import { askForKey, currentKey, keyHeader } from "./key.js";

/** An answer that is a refusal: `message` is one sentence for people. */
export class Refusal extends Error {}

export async function ask(path, { method = "GET", body } = {}) {
  const used = currentKey();
  const response = await send(path, method, body);
  if (response.status === 401) {
    if (used === currentKey()) await askForKey();
    return ask(path, { method, body });
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(answer?.detail ?? `The service answered ${response.status}.`);
  if (answer === null) throw new Refusal("The service gave an answer that cannot be read.");
  return answer;
}

let shared = { id: null, query: "" };

/** Prepare links to files and pictures of a job: these cannot send the key themselves, so a share link opens them. */
export async function openFiles(id) {
  if (!currentKey() || shared.id === id) return;
  const { query } = await ask(`jobs/${id}/share`, { method: "POST", body: { seconds: 43200 } });
  shared = { id, query };
}

/** A link to a file or picture of the job that `openFiles` has prepared. */
export const opened = (url) => (currentKey() && shared.query ? `${url}${url.includes("?") ? "&" : "?"}${shared.query}` : url);

async function send(path, method, body) {
  const headers = { Accept: "application/json", ...(body && { "Content-Type": "application/json" }), ...keyHeader() };
  try {
    return await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Refusal("The service does not answer; it may have been stopped.");
  }
}

/** The part of an absolute link below the service's own address. */
export const below = (href, marker) => href.slice(href.indexOf(marker) + 1);

export function show(element, text) {
  element.textContent = text ?? "";
  element.hidden = !text;
}

export const byId = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export const shortTime = (text) => {
  const moment = new Date(text);
  const two = (n) => String(n).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
};
