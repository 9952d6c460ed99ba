// The colours of the product: name, light value, dark value. The build writes them as custom properties,
// light by default, dark when the system asks for it or the reader chose it.
export const colours = [
  ["paper", "#f5f6f4", "#0e171b"],
  ["surface", "#ffffff", "#152126"],
  ["sunk", "#eef1ef", "#1b292f"],
  ["ink", "#14232a", "#e4eced"],
  ["ink2", "#4a5b63", "#a5b5bb"],
  ["line", "#dde3e1", "#293a41"],
  ["line2", "#77868c", "#74868d"],
  ["accent", "#0a6470", "#5cc4cf"],
  ["accent-strong", "#084f59", "#7fd3dc"],
  ["on-accent", "#ffffff", "#05262b"],
  ["wash", "#e2f0f1", "#12343a"],
  ["red", "#a8231b", "#ff9d91"],
  ["red-wash", "#fbeae7", "#3a2020"],
  ["red-line", "#f1d3ce", "#5a302d"],
  ["amber", "#7a4900", "#efbe6c"],
  ["amber-wash", "#fbf0da", "#362b17"],
  ["amber-line", "#efdfbd", "#544322"],
  ["green", "#1c6440", "#80d1a1"],
  ["green-wash", "#e4f1e9", "#173226"],
  ["green-line", "#cfe5d8", "#27503c"],
  ["mark", "#fff0c2", "#4a3d12"],
  ["track", "#e3e7e5", "#293a41"],
  ["s1", "#d5e9eb", "#16323a"],
  ["s2", "#a9d2d6", "#1a4a52"],
  ["s3", "#6fb3ba", "#226b75"],
  ["s4", "#267a85", "#3396a2"],
  ["s5", "#0a6470", "#5cc4cf"],
  ["s6", "#063f47", "#a9e8ee"],
  ["on-s-low", "#14232a", "#e4eced"],
  ["on-s-high", "#ffffff", "#05262b"],
  ["toast", "#14232a", "#e4eced"],
  ["on-toast", "#ffffff", "#0e171b"],
  ["toast-link", "#8fdce5", "#0a6470"],
  ["shade", "rgb(20 35 42 / .16)", "rgb(0 0 0 / .5)"],
];

const column = (index) => colours.map((row) => `--${row[0]}:${row[index]};`).join("");

/** The custom properties as CSS text. */
export function tokens() {
  const light = column(1);
  const dark = column(2);
  return [
    `:root{color-scheme:light;${light}}`,
    `@media screen and (prefers-color-scheme:dark){:root:not([data-theme="light"]){color-scheme:dark;${dark}}}`,
    `@media screen{:root[data-theme="dark"]{color-scheme:dark;${dark}}}`,
    `@media print{:root,:root[data-theme]{color-scheme:light;${light}}}`,
  ].join("\n");
}
