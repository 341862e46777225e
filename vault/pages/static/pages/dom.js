// Building the page. Text is only ever text: nothing that the signer or anyone says becomes markup.

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null));
  return made;
}

export function section(title, ...children) {
  return h("section", {}, h("h2", { class: "bp-section" }, title), ...children);
}

export function card(...children) {
  return h("div", { class: "card" }, h("div", { class: "card-body" }, ...children));
}

export function quiet(text) {
  return h("p", { class: "bp-quiet" }, text);
}

export function badge(text, colour) {
  return h("span", { class: `badge bg-${colour}-lt` }, text);
}

/** A small list of names and values. */
export function figures(pairs) {
  return h("dl", { class: "bp-figures" }, ...pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A field with its own place for what is wrong with it. */
export function field(label, attributes, help = null) {
  const input = h("input", { class: "form-control", required: true, autocomplete: "off", spellcheck: "false", ...attributes });
  return h("label", { class: "bp-field" }, h("span", {}, label), input, help && h("small", {}, help), h("span", { class: "bp-wrong", role: "alert" }));
}

export function button(label, onclick, kind = "") {
  return h("button", { type: "button", class: `btn btn-sm ${kind}`, onclick }, label);
}

/** Something to do that opens in place, so that nothing happens at one press by mistake. */
export function folded(label, kind, ...inside) {
  return h("details", {}, h("summary", { class: `btn btn-sm ${kind}` }, label), h("div", { class: "bp-inside" }, ...inside));
}

export function command(...words) {
  return h("code", {}, `python -m vault ${words.join(" ")}`);
}

export const when = (text) => (text ? `${text.slice(0, 16).replace("T", " ")}` : "never");
export const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
