// Asking the signer, through this page's own origin. The visit lives in this tab alone.

const KEPT = "visit";

export class Refusal extends Error {
  constructor({ code, sentence, detail }) {
    super(detail ? `${sentence} ${detail}` : sentence);
    this.code = code;
  }
}

export const visit = {
  get held() {
    return sessionStorage.getItem(KEPT) ?? "";
  },
  begin(text) {
    sessionStorage.setItem(KEPT, text);
  },
  end() {
    sessionStorage.removeItem(KEPT);
  },
};

/** The signer's answer. Throws a Refusal, which says what it said. */
export async function ask(path, word = {}) {
  const headers = { "Content-Type": "application/json", ...(visit.held ? { Visit: visit.held } : {}) };
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(word), headers, credentials: "omit" });
  const said = await answer.json();
  if (answer.ok) return said;
  throw new Refusal(said);
}
