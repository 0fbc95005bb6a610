// The expert in numbers and words: headline, comparison, mistakes, and how to get it.

const HEADLINE = ["macs", "params", "float", "int8", "ms"];
const MISTAKES = 6;

/** The large numbers: accuracy with its interval, and every cost with its share of the whole network's. */
function headline(figures, whole) {
  const cells = [make("div", { class: "main" },
    make("dt", {}, "accuracy"),
    make("dd", { "data-key": "accuracy", "data-value": figures.accuracy }, percent(figures.accuracy)),
    make("dd", { class: "small" }, ...(figures.pictures
      ? [`95 %: ${span(figures.low, figures.high)}`, make("br"), `${figures.right} of ${counted(figures.pictures, "picture")}`]
      : ["no picture of these classes"])))];
  for (const cost of HEADLINE) {
    if (figures[cost] === null) continue;
    cells.push(make("div", {},
      make("dt", { title: COSTS[cost].unit }, COSTS[cost].label),
      make("dd", { "data-key": cost, "data-value": figures[cost] }, inWords(cost, figures[cost])),
      make("dd", { class: "small" }, `${share(figures[cost] / whole[cost])} of whole`)));
  }
  return cells;
}

const share = (part) => `${part >= 0.0995 ? Math.round(100 * part) : (100 * part).toFixed(1)}\u202f%`;

/** The table of all networks, for the same classes; the first is the one that is shown. */
function comparison(rows, costs, choose) {
  const head = make("tr", {}, make("th", { scope: "col" }, "network"), make("th", { scope: "col" }, "accuracy"),
    make("th", { scope: "col" }, "95 %"), make("th", { scope: "col", title: "accuracy less that of the first, in points, with its 95 % interval; in pairs" }, "difference, points"),
    ...costs.map((cost) => make("th", { scope: "col", title: COSTS[cost].unit }, COSTS[cost].label)));
  const lines = rows.map(({ name, kind, flat, figures, gap }) => make("tr", { class: kind, "data-network": name },
    make("th", { scope: "row" }, make("button", { type: "button", on: { click: () => choose(name) } }, name),
      make("span", { class: "kind" }, kind === "expert" && !flat ? "expert" : flat ? "masked" : "its expert")),
    make("td", { "data-key": "accuracy", "data-value": figures.accuracy }, percent(figures.accuracy)),
    make("td", { "data-key": "low", "data-value": figures.low }, span(figures.low, figures.high)),
    make("td", {}, gap ? `${signed(-gap[0])} [${signed(-gap[2])}, ${signed(-gap[1])}]` : ""),
    ...costs.map((cost) => make("td", { "data-key": cost, "data-value": figures[cost] }, inWords(cost, figures[cost])))));
  return [make("thead", {}, head), make("tbody", {}, ...lines)];
}

/** In words: what the expert keeps, and how the flat network next to it in cost does. */
function verdict(net, figures, rows, axis) {
  if (!figures.pictures) return "The split has no picture of these classes, so that nothing is known of their accuracy.";
  const kept = net.flat ? "All of a flat network is kept but for the other classes' outputs."
    : `It keeps the trunk and ${figures.nodes - 1} of ${counted(net.nodes - 1, "branch", "branches")}.`;
  const flat = rows.filter((row) => row.flat && row.kind !== "expert" && row.figures[axis] !== null);
  if (!flat.length || figures[axis] === null) return kept;
  const far = (row) => Math.abs(Math.log(row.figures[axis] / figures[axis]));
  const near = flat.reduce((best, row) => (far(row) < far(best) ? row : best));
  const [gap, low, high] = near.gap;
  const ratio = near.figures[axis] / figures[axis];
  const sized = Math.abs(ratio - 1) < 0.05 ? "at the same cost" : `at ${ratio.toFixed(ratio < 1 ? 2 : 1)} times the cost`;
  const told = Math.abs(gap) < 0.0005 ? "as accurate on these pictures"
    : `${Math.abs(100 * gap).toFixed(1)} points ${gap > 0 ? "less" : "more"} accurate`;
  const chance = low > 0 || high < 0 ? "not by chance" : "may be chance";
  return `${kept} The flat network nearest to it in ${COSTS[axis].label}, ${near.name} masked to the same classes, is ${told}, ${sized} (95\u202f%: ${signed(-high)} to ${signed(-low)} points, ${chance}).`;
}

/** What is taken for what most often. */
function mistakes(net, chosen, names, thumb) {
  const found = net.mistakes(chosen);
  if (!found.length) return [];
  const items = found.slice(0, MISTAKES).map(({ from, to, count }) => make("li", {},
    thumb(from), `${names[from]} taken for ${names[to]}`, thumb(to), make("span", { class: "count" }, `${count}×`)));
  return [make("h3", {}, "Most frequent mistakes"), make("ul", { class: "mistakes" }, ...items)];
}

/** The command and the line of Python, each with a button that copies it. */
function commands({ source, width }, names) {
  return [["In a shell", extractCommand(source, names, width)], ["In Python", extractLine(source, names, width)]].map(([title, text]) => {
    const code = make("code", {}, text);
    const button = make("button", { type: "button", on: { click: () => copy(code, button) } }, "Copy");
    return make("div", { class: "command" }, make("h3", {}, title), make("pre", { tabindex: 0 }, code), button);
  });
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch { // no permission: select it, so that a key copies it
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
