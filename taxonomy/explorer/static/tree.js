// The icicle: nested boxes, each as high as what is open below it; a tree for keyboards and readers.

const AT_ONCE = 300; // children that are put on the page in one go
const PREVIEWED = 14; // thumbnails of a closed node
const MOST_BESIDE = 3; // levels of nodes that fit beside each other

class TreeView {
  /**
   * element: the list with role tree; names: of the classes; thumb: column to element or null;
   * act: {tick(entries), zoom(entry)}.
   */
  constructor(element, names, thumb, act) {
    Object.assign(this, { element, names, thumb, act, active: 0, query: "", chosen: new Set() });
    this.items = new Map();
    this.narrow = matchMedia("(max-width: 560px)");
    this.narrow.addEventListener("change", () => this.arrange());
    this.opened = new Map(); // network -> entries that are open
    element.addEventListener("keydown", (event) => this.press(event));
    element.addEventListener("click", (event) => this.click(event));
    element.addEventListener("focusin", (event) => {
      const item = event.target.closest("[role=treeitem]");
      if (item) this.activate(item);
    });
  }

  get open() {
    if (!this.opened.has(this.net)) this.opened.set(this.net, this.usuallyOpen());
    return this.opened.get(this.net);
  }

  /** Small trees are open; of larger ones the branches with a few ticked classes. */
  usuallyOpen() {
    if (this.net.classes <= 60) return new Set(this.net.leaf.keys());
    const open = new Set([0]);
    for (const column of [...this.chosen].slice(0, 12)) {
      for (const entry of this.net.path(this.net.entryOf[column])) open.add(entry);
    }
    return open;
  }

  /** Draw a network's tree from one node down, or only what a search finds. */
  show(net, top, query, chosen, kept) {
    Object.assign(this, { net, top, chosen, kept, query: plain(query) });
    this.found = this.query ? this.find() : null;
    if (!this.within(this.active)) this.active = top;
    this.draw();
    this.arrange();
  }

  /** Put boxes beside each other, as deep as the page is wide, or else above each other. */
  arrange() {
    const { depth, leaf, stop } = this.net;
    let deepest = 0;
    for (let entry = this.top; entry < stop[this.top]; entry++) {
      if (leaf[entry] < 0) deepest = Math.max(deepest, depth[entry] - depth[this.top]);
    }
    this.element.classList.toggle("stacked", this.narrow.matches || deepest > MOST_BESIDE);
  }

  nameOf(entry) {
    const column = this.net.leaf[entry];
    if (column >= 0) return this.names[column];
    return entry ? this.net.names[entry] || "group" : "all classes";
  }

  within(entry) {
    return entry >= this.top && entry < this.net.stop[this.top];
  }

  /** The entries that a search shows: matches, what is above them, and what a matching node holds. */
  find() {
    const shown = new Set([this.top]);
    this.matches = new Set();
    for (let entry = this.top; entry < this.net.stop[this.top]; entry++) {
      if (entry === 0 || !plain(this.nameOf(entry)).includes(this.query)) continue;
      for (const column of this.net.below(entry)) this.matches.add(column);
      for (let at = entry; at > this.top; at = this.net.parent[at]) shown.add(at);
      if (this.net.leaf[entry] < 0) for (let e = entry; e < this.net.stop[entry]; e++) shown.add(e);
    }
    return shown;
  }

  draw() {
    const focused = this.element.contains(document.activeElement);
    this.items.clear();
    this.element.replaceChildren(this.item(this.top, 1, 1, 1));
    const active = this.items.get(this.active) ?? this.items.get(this.top);
    active.tabIndex = 0;
    if (focused) active.focus({ preventScroll: true });
    this.mark(this.chosen, this.kept);
  }

  isOpen(entry) {
    return entry === this.top || (this.found ? this.found.has(entry) : this.open.has(entry));
  }

  item(entry, level, position, size) {
    const net = this.net;
    const isLeaf = net.leaf[entry] >= 0;
    const item = make("li", {
      role: "treeitem", class: isLeaf ? "leaf" : entry === this.top ? "node top" : "node", "data-entry": entry,
      tabindex: -1, "aria-level": level, "aria-posinset": position, "aria-setsize": size,
    });
    this.items.set(entry, item);
    const box = make("div", { class: "box" });
    if (!isLeaf && entry !== this.top) box.append(make("span", { class: "twist", "aria-hidden": "true" }));
    box.append(make("span", { class: "check", "aria-hidden": "true" }));
    if (isLeaf) {
      const picture = this.thumb(net.leaf[entry]);
      if (picture) box.append(picture);
    }
    box.append(this.label(entry));
    item.append(box);
    if (isLeaf) return item;
    box.append(make("span", { class: "count" }));
    if (entry !== this.top) box.append(make("span", { class: "zoom", "aria-hidden": "true", title: "zoom in" }));
    item.setAttribute("aria-expanded", this.isOpen(entry));
    if (this.isOpen(entry)) {
      const group = make("ul", { role: "group" });
      this.fill(group, this.shownChildren(entry), 0, level + 1);
      item.append(group);
    } else {
      item.append(this.preview(entry));
    }
    return item;
  }

  shownChildren(entry) {
    const children = this.net.children[entry];
    return this.found ? children.filter((child) => this.found.has(child)) : children;
  }

  /** Put children into a group, some at a time; classes stand after nodes of the same parent. */
  fill(group, children, from, level) {
    const ordered = from ? children : [...children].sort((a, b) => (this.net.leaf[a] >= 0) - (this.net.leaf[b] >= 0));
    const until = Math.min(ordered.length, from + AT_ONCE);
    for (let i = from; i < until; i++) group.append(this.item(ordered[i], level, i + 1, ordered.length));
    if (until === ordered.length) return;
    const rest = ordered.length - until;
    const more = make("li", { role: "none", class: "more" }, make("button", { type: "button", tabindex: -1, on: {
      click: (event) => {
        event.stopPropagation();
        more.remove();
        this.fill(group, ordered, until, level);
        this.mark(this.chosen, this.kept);
      },
    } }, `${rest.toLocaleString("en")} more`));
    group.append(more);
  }

  label(entry) {
    const name = this.nameOf(entry);
    const label = make("span", { class: "name" });
    const at = this.query && entry !== 0 ? name.toLowerCase().indexOf(this.query) : -1;
    if (at < 0) label.append(name);
    else label.append(name.slice(0, at), make("mark", {}, name.slice(at, at + this.query.length)), name.slice(at + this.query.length));
    return label;
  }

  /** What is in a closed node: some of its classes' pictures, or else their names. */
  preview(entry) {
    const columns = [];
    for (let at = entry; at < this.net.stop[entry] && columns.length < PREVIEWED; at++) {
      if (this.net.leaf[at] >= 0) columns.push(this.net.leaf[at]);
    }
    const row = make("div", { class: "preview", "aria-hidden": "true" });
    for (const column of columns) {
      row.append(make("span", { class: "small", "data-column": column }, this.thumb(column) ?? this.names[column]));
    }
    return row;
  }

  /** Show which classes are ticked and which entries the expert keeps. */
  mark(chosen, kept) {
    Object.assign(this, { chosen, kept });
    const ticked = new Int32Array(this.net.parent.length);
    for (const column of chosen) {
      for (let at = this.net.entryOf[column]; at >= 0; at = this.net.parent[at]) ticked[at] += 1;
    }
    for (const [entry, item] of this.items) {
      const of = this.net.leaves[entry];
      const state = ticked[entry] === 0 ? "false" : ticked[entry] === of ? "true" : "mixed";
      item.setAttribute("aria-checked", state);
      item.classList.toggle("lit", Boolean(kept[entry]) && chosen.size > 0);
      if (this.net.leaf[entry] >= 0) continue;
      const all = of.toLocaleString("en");
      const told = ticked[entry] ? `${ticked[entry].toLocaleString("en")} of ${all}` : all;
      const isSaid = !ticked[entry] && / more$/.test(this.nameOf(entry)); // "cat, cow and 4 more" says it
      item.querySelector(":scope > .box > .count").textContent = isSaid ? "" : told;
      item.setAttribute("aria-label", `${this.nameOf(entry)}, ${ticked[entry]} of ${counted(of, "class", "classes")} ticked`);
      for (const small of item.querySelectorAll(":scope > .preview > .small")) {
        small.classList.toggle("on", chosen.has(Number(small.dataset.column)));
      }
    }
  }

  activate(item) {
    const before = this.items.get(this.active);
    if (before) before.tabIndex = -1;
    item.tabIndex = 0;
    this.active = Number(item.dataset.entry);
  }

  toggle(entry, open = !this.open.has(entry)) {
    if (entry === this.top || this.found) return;
    if (open) this.open.add(entry);
    else this.open.delete(entry);
    this.active = entry;
    this.draw();
  }

  click(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    const entry = Number(item.dataset.entry);
    this.activate(item);
    item.focus({ preventScroll: true });
    const small = event.target.closest(".small");
    if (small) this.act.tick(this.net.entryOf[Number(small.dataset.column)]);
    else if (event.target.closest(".zoom")) this.act.zoom(entry);
    else if (this.net.leaf[entry] >= 0 || event.target.closest(".check") || entry === this.top) this.act.tick(entry);
    else this.toggle(entry);
  }

  press(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const entry = Number(item.dataset.entry);
    const isLeaf = this.net.leaf[entry] >= 0;
    const all = [...this.items.values()];
    const order = () => all.sort((a, b) => (a.compareDocumentPosition(b) & 4 ? -1 : 1));
    const step = (by) => order()[order().indexOf(item) + by]?.focus();
    const keys = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Home: () => order()[0].focus(),
      End: () => order().at(-1).focus(),
      " ": () => this.act.tick(entry),
      Enter: () => (isLeaf ? this.act.tick(entry) : this.act.zoom(entry)),
      Escape: () => this.act.zoom(this.top ? this.net.parent[this.top] : 0),
      ArrowRight: () => {
        if (isLeaf) return;
        if (this.isOpen(entry)) item.querySelector("[role=treeitem]")?.focus();
        else this.toggle(entry, true);
      },
      ArrowLeft: () => {
        if (!isLeaf && this.isOpen(entry) && entry !== this.top && !this.found) this.toggle(entry, false);
        else item.parentElement.closest("[role=treeitem]")?.focus();
      },
    };
    const act = keys[event.key] ?? (/^\S$/u.test(event.key) ? () => this.jump(order(), item, event.key) : null);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Go to the next item whose name begins with a letter. */
  jump(order, item, letter) {
    const from = order.indexOf(item) + 1;
    const wanted = plain(letter);
    [...order.slice(from), ...order.slice(0, from)]
      .find((one) => plain(this.nameOf(Number(one.dataset.entry))).startsWith(wanted))?.focus();
  }
}
