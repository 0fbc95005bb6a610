// Accuracy over cost: the expert, the same classes by the other networks, and each whole network.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 46, right: 18, top: 12, bottom: 34 };
const LETTER = 6.6; // pixels that a letter of a label takes, about

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Marks of the networks' kinds; their form tells them apart, too. */
const MARKS = {
  expert: () => draw("circle", { r: 6.5 }),
  flat: () => draw("rect", { x: -4.5, y: -4.5, width: 9, height: 9 }),
  tree: () => draw("path", { d: "M0 -6 L5.6 4 L-5.6 4 Z" }),
};

class Plot {
  constructor(svg) {
    this.svg = svg;
    this.marks = new Map();
    this.under = draw("g", {});
    this.points = draw("g", {});
    this.over = draw("g", {});
    svg.append(this.under, this.points, this.over);
    new ResizeObserver(() => this.data && this.show(this.data)).observe(svg.parentElement);
  }

  /** data: {axis, range, rows: [{name, kind, figures, whole}]} with figures of the classes ticked. */
  show(data) {
    this.data = data;
    const width = Math.max(280, this.svg.parentElement.clientWidth);
    const height = Math.round(Math.min(340, Math.max(230, width * 0.58)));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.style.height = `${height}px`;
    const rows = data.rows.filter((row) => row.figures[data.axis] !== null && !Number.isNaN(row.figures.accuracy));
    this.scales(data, rows, width, height);
    this.under.replaceChildren(...this.axes(data, width, height), ...this.family(rows), ...rows.flatMap((row) => this.whole(row)));
    const names = new Set(rows.map((row) => row.name));
    for (const [name, mark] of this.marks) {
      if (names.has(name)) continue;
      mark.remove();
      this.marks.delete(name);
    }
    for (const row of rows) this.place(row);
    this.over.replaceChildren(...this.labels(rows, width, height));
  }

  scales(data, rows, width, height) {
    const [least, most] = data.range;
    const low = Math.log(least * 0.8);
    const high = Math.log(most * 1.25);
    const bottoms = rows.flatMap((row) => [row.figures.low, row.whole.accuracy]).filter((x) => !Number.isNaN(x));
    const tenth = Math.floor(Math.min(...bottoms, 0.9) * 10) / 10;
    this.bottom = Math.max(0, tenth < 0.6 ? Math.floor(tenth * 5) / 5 : tenth); // on a line of the grid
    this.x = (value) => EDGE.left + ((Math.log(value) - low) / (high - low)) * (width - EDGE.left - EDGE.right);
    this.y = (share) => EDGE.top + ((1 - share) / (1 - this.bottom)) * (height - EDGE.top - EDGE.bottom);
    this.ends = [Math.exp(low), Math.exp(high)];
  }

  axes(data, width, height) {
    const found = [];
    const step = this.bottom >= 0.6 ? 0.1 : 0.2;
    for (let share = this.bottom; share <= 1.0001; share += step) {
      const y = this.y(share);
      found.push(draw("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y }));
      found.push(draw("text", { class: "tick", x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, `${Math.round(100 * share)} %`));
    }
    const [from, to] = this.ends;
    const decades = Math.log10(to / from);
    const steps = decades < 0.75 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : decades < 2.2 ? [1, 2, 5] : [1];
    for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
      for (const first of steps) {
        const value = first * 10 ** power;
        if (value < from || value > to) continue;
        const x = this.x(value);
        found.push(draw("line", { class: "grid", x1: x, x2: x, y1: EDGE.top, y2: height - EDGE.bottom }));
        found.push(draw("text", { class: "tick", x, y: height - EDGE.bottom + 17, "text-anchor": "middle" }, axisText(data.axis, value)));
      }
    }
    return found;
  }

  /** The line through the flat networks. */
  family(rows) {
    const flat = rows.filter((row) => row.flat).sort((a, b) => a.figures[this.data.axis] - b.figures[this.data.axis]);
    if (flat.length < 2) return [];
    const points = flat.map((row) => `${this.x(row.figures[this.data.axis])},${this.y(row.figures.accuracy)}`);
    return [draw("polyline", { class: "family", points: points.join(" ") })];
  }

  /** A hollow mark of the whole network, from which a thin line leads to its expert. */
  whole(row) {
    const { axis } = this.data;
    if (row.whole[axis] === null || Number.isNaN(row.whole.accuracy)) return [];
    const [x, y] = [this.x(row.whole[axis]), this.y(row.whole.accuracy)];
    const line = draw("line", { class: `way ${row.kind}`, x1: x, y1: y, x2: this.x(row.figures[axis]), y2: this.y(row.figures.accuracy) });
    return [line, draw("circle", { class: `whole ${row.kind}`, cx: x, cy: y, r: 3 })];
  }

  /** Move a network's mark, with its interval, to where the expert is. */
  place(row) {
    let mark = this.marks.get(row.name);
    if (mark?.dataset.kind !== row.kind) {
      mark?.remove();
      mark = draw("g", { class: `point ${row.kind}`, "data-kind": row.kind }, draw("title", {}), draw("line", { class: "interval" }), MARKS[row.kind]());
      this.marks.set(row.name, mark);
    }
    if (row.kind === "expert" || !mark.parentNode) this.points.append(mark);
    const { figures } = row;
    mark.style.transform = `translate(${this.x(figures[this.data.axis])}px, ${this.y(figures.accuracy)}px)`;
    const line = mark.querySelector("line");
    line.setAttribute("y1", this.y(figures.high) - this.y(figures.accuracy));
    line.setAttribute("y2", this.y(Math.max(this.bottom, figures.low)) - this.y(figures.accuracy));
    mark.querySelector("title").textContent =
      `${row.name}: ${percent(figures.accuracy)} (${span(figures.low, figures.high)}), ${inWords(this.data.axis, figures[this.data.axis])}`;
  }

  /** Names beside the marks, where they cover no mark and no other name. */
  labels(rows, width, height) {
    const taken = rows.map((row) => {
      const [x, y] = [this.x(row.figures[this.data.axis]), this.y(row.figures.accuracy)];
      return [x - 7, y - 7, x + 7, y + 7];
    });
    const ordered = [...rows].sort((a, b) => (b.kind === "expert") - (a.kind === "expert"));
    return ordered.map((row) => {
      const [x, y] = [this.x(row.figures[this.data.axis]), this.y(row.figures.accuracy)];
      const long = row.name.length * LETTER;
      const places = [[x + 11, y - 8], [x + 11, y + 16], [x - 11 - long, y - 8], [x - 11 - long, y + 16], [x - long / 2, y + 24], [x - long / 2, y - 16], [x + 11, y + 32]];
      const box = ([left, base]) => [left, base - 11, left + long, base + 3];
      const free = places.find((place) => {
        const [l, t, r, b] = box(place);
        return l >= EDGE.left && r <= width - 2 && t >= 0 && b <= height - EDGE.bottom
          && !taken.some(([l2, t2, r2, b2]) => l < r2 && r > l2 && t < b2 && b > t2);
      }) ?? places[0];
      taken.push(box(free));
      return draw("text", { class: `label ${row.kind}`, x: free[0], y: free[1] }, row.name);
    });
  }
}

function axisText(axis, value) {
  const text = inWords(axis, axis === "ms" ? value : Math.round(value));
  return text.replace(/\.0+(?=\D|$)/, "").replace(/(\.\d)0(?=\D|$)/, "$1");
}
