// Builds everything under src/headwater/core/static/headwater from this folder: styles, scripts, icons, fonts.
// The result is committed, so that running Headwater needs no Node.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tokens } from "./tokens.mjs";

const out = new URL("../src/headwater/core/static/headwater/", import.meta.url).pathname;
const modules = new URL("./node_modules/", import.meta.url).pathname;

/** Tabler as a layer below our own rules, its data: pictures as files (the content policy allows no data:). */
async function writeTabler(name) {
  const css = await readFile(`${modules}@tabler/core/dist/css/${name}.min.css`, "utf8");
  const pictures = new Map();
  const body = css
    .replace(/@charset "[^"]*";/g, "")
    .replaceAll(".gap-4{gap:1.5rem!important}", "")
    .replace(/\/\*# sourceMappingURL=.*?\*\//g, "")
    .replace(/url\((["']?)data:image\/svg\+xml,([^"']*|.*?)\1\)/g, (_, quote, data) => {
      const svg = decodeURIComponent(data);
      const file = `img/t-${createHash("sha256").update(svg).digest("hex").slice(0, 8)}.svg`;
      pictures.set(file, svg);
      return `url("${file}")`;
    });
  for (const [file, svg] of pictures) await writeFile(out + file, svg);
  await writeFile(`${out}${name}.css`, `@layer tabler{${body}}\n`);
}

async function writeStyles() {
  await build({
    stdin: { contents: `@import "./css/index.css";\n${tokens()}`, resolveDir: ".", loader: "css" },
    outfile: `${out}headwater.css`,
    bundle: true,
    minify: true,
    target: ["chrome111", "firefox115", "safari16.4"],
    loader: { ".woff2": "file", ".svg": "file" },
    assetNames: "fonts/[name]",
    external: ["img/*"],
  });
}

/** CodeMirror's style module puts a style element in the page; a constructed sheet passes the content policy. */
const constructedSheets = {
  name: "constructed-sheets",
  setup(builder) {
    builder.onLoad({ filter: /style-mod\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const changed = source.replace("!root.head && root.adoptedStyleSheets", "root.adoptedStyleSheets");
      if (changed === source) throw new Error("style-mod changed: look at constructedSheets again");
      return { contents: changed, loader: "js" };
    });
  },
};

async function writeScripts() {
  for (const name of ["headwater", "editor"]) {
    await build({
      entryPoints: [`js/${name}.js`],
      outfile: `${out}${name}.js`,
      bundle: true,
      minify: true,
      format: "esm",
      target: ["chrome111", "firefox115", "safari16.4"],
      legalComments: "none",
      plugins: [constructedSheets],
    });
  }
}

async function writeIcons() {
  const names = (await readFile("icons.txt", "utf8")).split("\n").filter((line) => line && !line.startsWith("#"));
  const symbols = await Promise.all(names.map(async (line) => {
    const [name, drawing = name] = line.split("=");
    const svg = await readFile(`${modules}@tabler/icons/icons/outline/${drawing}.svg`, "utf8");
    const inner = svg.replace(/<!--[\s\S]*?-->/, "").replace(/<svg[\s\S]*?>/, "").replace("</svg>", "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")}</symbol>`;
  }));
  const mark = await readFile("img/mark-symbol.svg", "utf8");
  await writeFile(`${out}icons.svg`, `<svg xmlns="http://www.w3.org/2000/svg">${mark.trim()}${symbols.join("\n")}</svg>\n`);
}

/** The licences of what we ship, as their authors ask. */
async function writeLicences() {
  const shipped = ["@tabler/core", "@tabler/icons", "htmx.org", "@codemirror/view", "@lezer/markdown",
    "@fontsource-variable/inter", "@fontsource-variable/source-serif-4", "@fontsource/ibm-plex-mono", "@fontsource/ibm-plex-sans-arabic"];
  const texts = await Promise.all(shipped.map(async (name) => {
    const about = JSON.parse(await readFile(`${modules}${name}/package.json`, "utf8"));
    const file = (await readdir(modules + name)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(`${modules}${name}/${file}`, "utf8") : `Licence: ${about.license}\n`;
    return `${name} ${about.version}\n\n${text.trim()}\n`;
  }));
  await writeFile(`${out}licences.txt`, texts.join(`\n${"-".repeat(72)}\n\n`));
}

await rm(out, { recursive: true, force: true });
await mkdir(`${out}img`, { recursive: true });
await Promise.all([writeTabler("tabler"), writeTabler("tabler.rtl"), writeStyles(), writeScripts(), writeIcons(), writeLicences()]);
await cp("img", `${out}img`, { recursive: true, filter: (path) => !path.endsWith("-symbol.svg") });
