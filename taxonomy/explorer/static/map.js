// The whole tree at a glance: a row a depth, each box as wide as its node has classes.

const ROW = 13;
const TALLEST = 96;

class TreeMap {
  constructor(canvas, zoom) {
    Object.assign(this, { canvas, zoom, net: null });
    canvas.addEventListener("click", (event) => this.net && this.zoom(this.nodeAt(event)));
    canvas.addEventListener("mousemove", (event) => {
      if (this.net) canvas.title = this.title(this.entryAt(event));
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(net, top, kept, any, title) {
    if (net !== this.net) {
      let before = 0; // how many classes come before each entry, in preorder
      this.first = net.leaf.map((column) => (column >= 0 ? before++ : before));
    }
    Object.assign(this, { net, top, kept, any, title });
    this.draw();
  }

  draw() {
    if (!this.net || !this.canvas.clientWidth) return;
    const net = this.net;
    const rows = net.depth.reduce((most, depth) => Math.max(most, depth)) + 1;
    const row = Math.min(ROW, TALLEST / rows);
    const width = this.canvas.clientWidth;
    const height = Math.ceil(row * rows);
    const ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const [lit, pale, line, paper] = ["--lit", "--pale", "--ink", "--paper"].map(colour);
    const each = width / net.leaves[0];
    for (let entry = 0; entry < net.parent.length; entry++) {
      const x = this.first[entry] * each;
      const wide = net.leaves[entry] * each;
      const top = net.depth[entry] * row;
      const tall = (net.leaf[entry] >= 0 ? height - top : row) - 1;
      pen.fillStyle = this.any && this.kept[entry] ? lit : pale;
      pen.fillRect(x, top, Math.max(wide - (wide > 3 ? 1 : 0), 0.4), tall);
    }
    if (this.top) {
      const x = this.first[this.top] * each;
      const y = net.depth[this.top] * row;
      pen.strokeStyle = paper;
      pen.lineWidth = 4;
      pen.strokeRect(x - 1, y, net.leaves[this.top] * each, height - y - 1);
      pen.strokeStyle = line;
      pen.lineWidth = 2;
      pen.strokeRect(x - 1, y, net.leaves[this.top] * each, height - y - 1);
    }
    Object.assign(this, { each, row });
  }

  entryAt(event) {
    const depth = Math.floor(event.offsetY / this.row);
    const place = Math.floor(event.offsetX / this.each);
    let at = 0;
    while (this.net.depth[at] < depth) {
      const child = this.net.children[at].find((one) => place < this.first[one] + this.net.leaves[one]);
      if (child === undefined) break;
      at = child;
    }
    return at;
  }

  nodeAt(event) {
    const entry = this.entryAt(event);
    return this.net.leaf[entry] >= 0 ? this.net.parent[entry] : entry;
  }
}
