// What went wrong with a passkey, in words: by itself it would only be in the browser's console.
const WORDS = {
  NotAllowedError: "No passkey was used: it took too long, or was called off.",
  InvalidStateError: "This device has a passkey of yours already.",
  SecurityError: "Passkeys work at http://localhost or an address with HTTPS. Open this page there.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.getElementById("passkey-trouble") ?? document.querySelector(".bp-account, main");
  const { name } = event.detail.exception;
  const text = WORDS[name] ?? "The passkey could not be used. Try again, or use another way.";
  if (place.id === "passkey-trouble") {
    place.textContent = text;
    return;
  }
  const alert = Object.assign(document.createElement("div"), { className: "alert alert-danger", textContent: text });
  alert.setAttribute("role", "alert");
  place.prepend(alert);
});
