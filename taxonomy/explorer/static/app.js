// The page's state, which lives in the address's fragment, and what happens when it changes.

const page = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const nets = new Map(page.networks.map((facts) => [facts.name, new Network(facts, page.classes.length)]));
const idOf = new Map(page.classes.map((id, column) => [id, column]));
const everything = new Set(page.classes.keys());
const wholes = new Map([...nets].map(([name, net]) => [name, net.figures(everything)]));
const costs = Object.keys(COSTS).filter((cost) => [...wholes.values()].some((whole) => whole[cost] !== null));

const state = { net: "", classes: new Set(), axis: "macs", at: 0, theme: "" };

/** Small pictures of the classes, from one sheet. */
const placeOf = new Map(page.thumbnails?.classes.map((column, place) => [column, place]));
function thumb(column) {
  const place = placeOf.get(column);
  if (place === undefined) return null;
  const { columns } = page.thumbnails;
  const element = make("span", { class: "thumb", "aria-hidden": "true" });
  element.style.setProperty("--x", place % columns);
  element.style.setProperty("--y", Math.floor(place / columns));
  return element;
}
if (page.thumbnails) {
  const sheet = new CSSStyleSheet();
  const rows = Math.ceil(page.thumbnails.classes.length / page.thumbnails.columns);
  sheet.replaceSync(`.thumb { background-image: url(${page.thumbnails.file}); --columns: ${page.thumbnails.columns}; --rows: ${rows}; }`);
  document.adoptedStyleSheets = [sheet];
}

const tree = new TreeView(find("tree"), page.names, thumb, { tick, zoom });
const map = new TreeMap(find("map"), zoom);
const plot = new Plot(find("plot"));
const net = () => nets.get(state.net);

/** Tick all classes below an entry, or untick them where all are ticked. */
function tick(entry) {
  const below = net().below(entry);
  const all = below.every((column) => state.classes.has(column));
  for (const column of below) {
    if (all) state.classes.delete(column);
    else state.classes.add(column);
  }
  changed();
}

function zoom(entry) {
  state.at = entry;
  tree.active = entry;
  find("search").value = "";
  changed(true);
}

function choose(name) {
  state.net = name;
  state.at = 0;
  changed(true);
}

function only(columns) {
  state.classes = new Set(columns);
  changed(true);
}

/** Show the state; redraw the tree where its form changes, and write the fragment. */
function changed(redraw = false) {
  show(redraw);
  const ids = [...state.classes].sort((a, b) => a - b).map((column) => page.classes[column]);
  const fragment = { net: state.net, classes: ids, axis: state.axis, at: state.at || "", theme: state.theme };
  history.replaceState(null, "", toFragment(fragment));
}

function show(redraw) {
  const chosen = state.classes;
  const shown = net();
  const kept = shown.kept(chosen);
  if (redraw) tree.show(shown, state.at, find("search").value, chosen, kept);
  else tree.mark(chosen, kept);
  map.show(shown, state.at, kept, chosen.size > 0, (entry) => tree.nameOf(entry));
  showChoosing();
  document.body.classList.toggle("empty", !chosen.size);
  const names = [...chosen].sort((a, b) => a - b).map((column) => page.names[column]);
  find("title").textContent = !chosen.size ? "Tick some classes"
    : `${shown.flat ? `${state.net} masked to` : "Expert of"} ${counted(chosen.size, "class", "classes")}`;
  find("chosen").textContent = names.slice(0, 40).join(", ") + (names.length > 40 ? ` and ${names.length - 40} more` : "");
  if (chosen.size) showExpert(shown, chosen);
  else find("summary").textContent = "no class ticked";
}

function showChoosing() {
  for (const input of find("networks").querySelectorAll("input")) input.checked = input.value === state.net;
  const found = find("tick-found");
  found.hidden = !tree.found;
  if (tree.found) found.textContent = `Tick ${counted(tree.matches.size, "match", "matches")}`;
  found.disabled = Boolean(tree.found) && !tree.matches.size;
  const crumbs = [0, ...net().path(state.at)];
  find("crumbs").replaceChildren(...crumbs.flatMap((entry, i) => {
    const button = make("button", { type: "button", "aria-current": i === crumbs.length - 1 ? "true" : null, on: { click: () => zoom(entry) } }, tree.nameOf(entry));
    return i ? [make("span", { "aria-hidden": "true" }, "›"), button] : [button];
  }));
}

function showExpert(shown, chosen) {
  const figures = shown.figures(chosen);
  const others = [...nets].filter(([name]) => name !== state.net);
  const rows = [[state.net, shown], ...others].map(([name, one]) => {
    const own = one === shown ? figures : one.figures(chosen);
    const gap = one === shown ? null : difference(figures, own, one.pictures === shown.pictures);
    const kind = one === shown ? "expert" : one.flat ? "flat" : "tree";
    return { name, kind, flat: one.flat, figures: own, gap, whole: wholes.get(name) };
  });
  find("headline").replaceChildren(...headline(figures, wholes.get(state.net)));
  find("verdict").textContent = verdict(shown, figures, rows, state.axis);
  find("axis").value = state.axis;
  find("axis-name").textContent = COSTS[state.axis].label;
  plot.show({ axis: state.axis, range: rangeOf(state.axis), rows });
  const ordered = [rows[0], ...rows.slice(1).sort((a, b) => a.figures.macs - b.figures.macs)];
  find("table").replaceChildren(...comparison(ordered, costs, choose));
  find("mistakes").replaceChildren(...mistakes(shown, chosen, page.names, thumb));
  const ids = [...chosen].sort((a, b) => a - b).map((column) => page.classes[column]);
  find("commands").replaceChildren(...commands(shown, ids));
  find("summary").textContent = `${counted(chosen.size, "class", "classes")} · ${percent(figures.accuracy)} · ${inWords("macs", figures.macs)} MACs`;
}

/** The columns by id and by name, as they are and without regard to letters and spaces; ids go first. */
function columnsByName() {
  const columns = new Map();
  for (const [texts, form] of [[page.names, plain], [page.classes, plain], [page.names, String], [page.classes, String]]) {
    texts.forEach((text, column) => columns.set(form(text), column));
  }
  return columns;
}

/** From the cheapest expert of one class to the dearest whole network, so that points move and axes stay. */
const ranges = new Map();
function rangeOf(axis) {
  if (!ranges.has(axis)) {
    const ends = [...nets].flatMap(([name, one]) => {
      const some = Array.from({ length: 20 }, (_, i) => Math.floor((i * page.classes.length) / 20));
      const least = some.map((column) => one.costs(new Set([column]))[axis]);
      return [...least, wholes.get(name)[axis]].filter((value) => value !== null);
    });
    ranges.set(axis, [Math.min(...ends), Math.max(...ends)]);
  }
  return ranges.get(axis);
}

/** Read the fragment; what it does not say is as on opening, and what is unknown is passed over. */
function restore() {
  const given = fromFragment(location.hash);
  state.net = nets.has(given.net) ? given.net : [...nets.keys()][0];
  state.axis = costs.includes(given.axis) ? given.axis : "macs";
  const at = Number(given.at ?? 0);
  state.at = Number.isInteger(at) && net().leaf[at] < 0 ? at : 0;
  state.theme = ["light", "dark"].includes(given.theme) ? given.theme : "";
  const columns = given.classes?.map((id) => idOf.get(id)).filter((column) => column !== undefined);
  state.classes = new Set(columns ?? first());
  paint();
  show(true);
}

/** What is ticked on opening: the first task, or else the first node's classes. */
function first() {
  if (page.tasks.length) return page.tasks[0].classes;
  const tree = [...nets.values()].find((one) => !one.flat) ?? [...nets.values()][0];
  const node = tree.children[0].find((entry) => tree.leaf[entry] < 0) ?? 0;
  return tree.below(node).slice(0, 5);
}

function paint() {
  if (state.theme) document.documentElement.dataset.theme = state.theme;
  else delete document.documentElement.dataset.theme;
}

function isDark() {
  return (state.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

function start() {
  find("about").textContent = `${counted(nets.size, "network")}, ${page.split} split. Tick classes: what their expert costs and how good it is shows at once.`;
  find("networks").append(...[...nets].map(([name, one]) => make("label", {},
    make("input", { type: "radio", name: "network", value: name, on: { change: () => choose(name) } }),
    make("span", {}, name, make("small", {}, !one.flat ? counted(one.nodes - 1, "branch", "branches") : name.includes("flat") ? "" : "flat")))));
  find("tasks").append(make("option", { value: "" }, "Tasks…"), ...page.tasks.map((task, i) => make("option", { value: i }, `${task.id} (${task.classes.length})`)));
  find("tasks").hidden = !page.tasks.length;
  find("axis").append(...costs.map((cost) => make("option", { value: cost }, COSTS[cost].label)));
  const timings = page.networks.filter((one) => one.timing).map((one) => one.timing);
  find("caption").textContent = "Filled: the ticked classes alone, with 95 % intervals; hollow: the whole networks. The line joins the flat networks, masked to the ticked classes.";
  find("notes").textContent = [
    `Accuracy: top-1 among the ticked classes on their pictures of the ${page.split} split; intervals are Wilson's and take pictures for independent of each other; differences are in pairs.`,
    `It follows exactly from the predictions (at most ${page.exactness.most_points.toFixed(2)} points off in ${counted(page.exactness.tasks, "task")}).`,
    "MACs and parameters are closed-form, file sizes are predicted ones of ONNX files.",
    timings.length ? `Times are estimated from ${timings[0].experts} experts of each network, measured with ${timings[0].runtime} on ${counted(timings[0].threads, "thread")} of ${timings[0].machine}; the median error is ${share(Math.max(...timings.map((one) => one.error)))}.`
      : "No times are shown, as none were measured.",
    page.thumbnails?.licence ? `Licence of the pictures: ${page.thumbnails.licence} of taxonomy-experts.` : "",
    `Made by ${page.made_by}.`,
  ].filter(Boolean).join(" ");
  listen();
  for (const part of document.querySelectorAll("header, main, footer, #summary")) part.hidden = false;
  find("notice").remove();
  restore();
}

function listen() {
  find("search").addEventListener("input", () => show(true));
  find("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && tree.found) only([...state.classes, ...tree.matches]);
  });
  find("tick-found").addEventListener("click", () => only([...state.classes, ...tree.matches]));
  find("tasks").addEventListener("change", (event) => {
    if (event.target.value) only(page.tasks[event.target.value].classes);
    event.target.value = "";
  });
  find("all").addEventListener("click", () => only(everything));
  find("none").addEventListener("click", () => only([]));
  find("axis").addEventListener("change", (event) => {
    state.axis = event.target.value;
    changed();
  });
  find("paste").addEventListener("click", () => {
    find("unknown").textContent = "";
    find("names").showModal();
  });
  find("tick-pasted").addEventListener("click", () => {
    const { found, unknown } = readNames(find("pasted").value, columnsByName());
    find("unknown").textContent = `${counted(found.size, "class", "classes")} ticked${unknown.length ? `; unknown: ${unknown.join(", ")}` : "."}`;
    only(found);
  });
  find("theme").addEventListener("click", () => {
    state.theme = isDark() ? "light" : "dark";
    paint();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(false));
  window.addEventListener("hashchange", restore);
}

start();
