// Everything a page can do by itself. Each module looks for its own data attributes and is silent without them.
import htmx from "htmx.org/dist/htmx.esm.js";
import "./boot.js";
import "./keyboard.js";
import "./dialogs.js";
import "./palette.js";
import "./toasts.js";
import "./live.js";
import "./theme.js";
import "./tables.js";
import "./forms.js";
import "./editors.js";

window.htmx = htmx;
