// CodeMirror over a plain textarea: the textarea stays the form's field, gets every change and its "input" event.
import { autocompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, Language, StreamLanguage, defineLanguageFacet, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap, placeholder } from "@codemirror/view";
import { GFM, parser } from "@lezer/markdown";
import { tags } from "@lezer/highlight";

const markdown = new Language(defineLanguageFacet({ commentTokens: { block: { open: "<!--", close: "-->" } } }), parser.configure([GFM]), [], "markdown");

const query = StreamLanguage.define({
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^(AND|OR|NOT|NEAR\/\d+)\b/)) return "keyword";
    if (stream.match(/^[a-z]+:/)) return "keyword";
    if (stream.match(/^["“][^"”]*["”]?/)) return "string";
    if (stream.match(/^[()]/)) return "paren";
    stream.match(/^[^\s()"“]+/) || stream.next();
    return null;
  },
});

const colours = HighlightStyle.define([
  { tag: tags.heading, fontWeight: "600" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.link, color: "var(--accent)" },
  { tag: tags.url, color: "var(--ink2)" },
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.monospace, fontFamily: "var(--font-code)" },
  { tag: [tags.processingInstruction, tags.meta, tags.quote], color: "var(--ink2)" },
]);

const look = (isQuery) => EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: isQuery ? "15px" : "15px" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: isQuery ? "var(--font-code)" : "var(--font-work)", lineHeight: "24px", padding: "10px 4px", caretColor: "var(--ink)", minHeight: isQuery ? "44px" : "280px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--s1) !important" },
  ".cm-placeholder": { color: "var(--ink2)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--line)", borderRadius: "7px", color: "var(--ink)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--wash)", color: "var(--ink)" },
});

/** Fields of the query language, offered while a word is being typed; data-query-fields="title,topic,…" names them. */
function fieldNames(names) {
  return autocompletion({
    icons: false,
    override: [(context) => {
      const word = context.matchBefore(/[a-z]+/);
      if (!word && !context.explicit) return null;
      return { from: word ? word.from : context.pos, options: names.map((name) => ({ label: `${name}:`, type: "keyword" })) };
    }],
  });
}

function wrap(before, after = before) {
  return (view) => {
    const { from, to } = view.state.selection.main;
    view.dispatch({ changes: [{ from, insert: before }, { from: to, insert: after }], selection: { anchor: from + before.length, head: to + before.length } });
    view.focus();
    return true;
  };
}

function prefix(mark) {
  return (view) => {
    const line = view.state.doc.lineAt(view.state.selection.main.from);
    view.dispatch({ changes: { from: line.from, insert: mark } });
    view.focus();
    return true;
  };
}

/** Files pasted or dropped go to data-upload-url (POST "file"), which answers {"markdown": "![…](…)"}. */
function uploads(field) {
  const send = async (files, view) => {
    for (const file of files) {
      const body = new FormData();
      body.append("file", file);
      const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
      const answer = await fetch(field.dataset.uploadUrl, { method: "POST", body, headers });
      const text = answer.ok ? (await answer.json()).markdown : `<!-- ${file.name}: ${answer.status} -->`;
      view.dispatch(view.state.replaceSelection(text));
    }
  };
  const handle = (data) => (event, view) => {
    const files = [...(data(event)?.files || [])];
    if (!files.length || !field.dataset.uploadUrl) return false;
    event.preventDefault();
    send(files, view);
    return true;
  };
  return EditorView.domEventHandlers({ paste: handle((event) => event.clipboardData), drop: handle((event) => event.dataTransfer) });
}

// Icons of the sprite: a letter or sign would be drawn by whichever font happens to hold it.
const TOOLS = [["bold", wrap("**")], ["italic", wrap("_")], ["heading", prefix("## ")], ["list", prefix("- ")], ["list-numbers", prefix("1. ")], ["quote", prefix("> ")], ["link", wrap("[", "](https://)")], ["code", wrap("`")]];

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  use.setAttribute("href", `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

function toolbar(view) {
  const bar = document.createElement("div");
  bar.className = "editor-bar";
  bar.setAttribute("role", "toolbar");
  const words = JSON.parse(document.documentElement.dataset.editorWords || "{}");
  for (const [name, act] of TOOLS) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.append(icon(name));
    button.title = words[name] || name;
    button.setAttribute("aria-label", words[name] || name);
    button.addEventListener("click", () => act(view));
    bar.append(button);
  }
  return bar;
}

function label(field) {
  const words = [...(field.labels || [])].map((element) => element.textContent.trim()).join(" ") || field.getAttribute("aria-label") || field.name;
  const about = { "aria-label": words };
  if (field.getAttribute("aria-describedby")) about["aria-describedby"] = field.getAttribute("aria-describedby");
  return about;
}

/** Put an editor in place of a field; the field stays in the form, hidden, always up to date. */
export function mount(field) {
  const isQuery = field.dataset.editor === "query";
  const box = document.createElement("div");
  box.className = `editor is-${field.dataset.editor}`;
  const changed = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    field.value = update.state.doc.toString();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const oneLine = field.tagName === "INPUT" ? [EditorState.transactionFilter.of((change) => (change.newDoc.lines > 1 ? [] : change))] : [];
  const view = new EditorView({
    parent: box,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        history(), drawSelection(), EditorView.lineWrapping, keymap.of([...(isQuery ? [] : [{ key: "Mod-b", run: wrap("**") }, { key: "Mod-i", run: wrap("_") }]), ...defaultKeymap, ...historyKeymap]),
        isQuery ? query : markdown, syntaxHighlighting(colours), look(isQuery), changed, uploads(field), placeholder(field.placeholder || ""), ...oneLine,
        ...(isQuery ? [fieldNames((field.dataset.queryFields || "title,topic,source,kind,lang,unit,path,after,before").split(","))] : []),
        EditorView.contentAttributes.of({ ...label(field), spellcheck: isQuery ? "false" : "true", dir: "auto" }),
      ],
    }),
  });
  if (!isQuery) box.prepend(toolbar(view));
  field.after(box);
  field.hidden = true;
  field.addEventListener("editor:set", (event) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: event.detail } }));
  [...(field.labels || [])].forEach((element) => element.addEventListener("click", () => view.focus()));
}
