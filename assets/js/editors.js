// data-editor="markdown" or "query" on a textarea: the editor is fetched only where one is wanted.
import { onLoad } from "./boot.js";

onLoad(async (root) => {
  const fields = [...root.querySelectorAll("textarea[data-editor], input[data-editor]")].filter((field) => !field.dataset.mounted);
  if (!fields.length) return;
  fields.forEach((field) => { field.dataset.mounted = "yes"; });
  const { mount } = await import(document.documentElement.dataset.editor);
  fields.forEach(mount);
});
