// The theme lets a wide table scroll, but only for a mouse or a finger. This lets the keyboard do it too.
function focusWideTables() {
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute("tabindex");
  }
}

addEventListener("load", focusWideTables);
addEventListener("resize", focusWideTables);
