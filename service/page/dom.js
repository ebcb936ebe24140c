// Elements of the page: found, made, shown.
export const byId = (id) => document.getElementById(id);

export function show(element, text) {
  element.textContent = text ?? "";
  element.hidden = !text;
}

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A table with a caption, heads of columns, and rows whose first cell is their head. */
export function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", textContent: text })));
  const body = rows.map(([first, ...cells]) =>
    make("tr", {}, make("th", { scope: "row" }, first), ...cells.map((text) => make("td", { textContent: text }))));
  return make("table", {}, make("caption", { textContent: caption }), make("thead", {}, head), make("tbody", {}, ...body));
}
