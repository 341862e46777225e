// On to the vault without another press.
document.getElementById("on").submit();
