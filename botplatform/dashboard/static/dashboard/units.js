// Writes the chosen market's quote currency behind the amounts.
const market = document.getElementById("id_market");

function write() {
  const symbol = market.selectedOptions[0]?.textContent.match(/\/([A-Z0-9]+)/);
  for (const unit of document.querySelectorAll("[data-quote]")) unit.textContent = symbol ? symbol[1] : "quote";
}

market.addEventListener("change", write);
write();
