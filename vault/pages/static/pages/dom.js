// Building the page. Text is only ever text: nothing that the signer or anyone says becomes markup.

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function section(title, ...children) {
  return h("section", { class: "card" }, h("div", { class: "card-header" }, h("h2", { class: "card-title" }, title)), h("div", { class: "card-body" }, ...children));
}

export function field(label, attributes) {
  const input = h("input", { class: "form-control", required: true, autocomplete: "off", ...attributes });
  return h("label", { class: "form-label mb-3" }, label, input);
}

export function button(label, onclick, kind = "") {
  return h("button", { type: "button", class: `btn btn-sm ${kind}`, onclick }, label);
}

export function table(heads, rows) {
  return h("div", { class: "table-responsive" }, h("table", { class: "table" },
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", {}, head)))),
    h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, ...[cell].flat())))))));
}
