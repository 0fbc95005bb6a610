// What the page knows of the networks, and every number that it shows. Nothing here touches the
// document; taxonomy.explorer.figures computes the same in Python, from the same bytes.

const WEIGHT = [4, 1]; // bytes of a weight: in floats, in int8
const Z = 1.959964; // of a 95 % interval

/** Wilson's interval of a share (1927). */
function wilson(right, count) {
  const share = right / count;
  const weight = (Z * Z) / count;
  const centre = (share + weight / 2) / (1 + weight);
  const half = (Z * Math.sqrt((share * (1 - share)) / count + weight / (4 * count))) / (1 + weight);
  return [centre - half, centre + half];
}

/** The interval of the difference of two shares of the same cases (Bonett and Price 2012). */
function paired(lost, gained, count) {
  const one = (lost + 1) / (count + 2);
  const other = (gained + 1) / (count + 2);
  const half = Z * Math.sqrt((one + other - (one - other) ** 2) / (count + 2));
  return [one - other - half, one - other + half];
}

/** The true class and the rivals of every picture: classes whose logit is above its own, best first. */
function readAnswers(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const pictures = view.getUint32(0, true);
  const numbers = new Uint16Array((bytes.length - 4) / 2);
  for (let i = 0; i < numbers.length; i++) numbers[i] = view.getUint16(4 + 2 * i, true);
  const starts = new Uint32Array(pictures + 1);
  for (let i = 0; i < pictures; i++) starts[i + 1] = starts[i] + numbers[pictures + i];
  return { targets: numbers.subarray(0, pictures), starts, rivals: numbers.subarray(2 * pictures) };
}

class Network {
  constructor(facts, classes) {
    Object.assign(this, facts);
    const count = facts.parent.length;
    this.classes = classes;
    this.children = Array.from({ length: count }, () => []);
    this.depth = new Uint16Array(count);
    this.entryOf = new Int32Array(classes);
    this.leaves = new Int32Array(count); // how many classes are below each entry
    this.stop = new Int32Array(count); // the entry after the last one below
    for (let entry = 0; entry < count; entry++) { // preorder: parents come first
      if (entry) {
        this.depth[entry] = this.depth[this.parent[entry]] + 1;
        this.children[this.parent[entry]].push(entry);
      }
      if (this.leaf[entry] >= 0) this.entryOf[this.leaf[entry]] = entry;
    }
    for (let entry = count - 1; entry >= 0; entry--) {
      if (this.leaf[entry] >= 0) this.leaves[entry] = 1;
      this.stop[entry] = Math.max(this.stop[entry], entry + 1);
      const above = this.parent[entry];
      if (above < 0) continue;
      this.leaves[above] += this.leaves[entry];
      this.stop[above] = Math.max(this.stop[above], this.stop[entry]);
    }
    this.nodes = this.leaf.reduce((sum, column) => sum + (column < 0), 0);
    this.flat = this.nodes === 1;
    this.read = null;
  }

  get known() {
    this.read ??= readAnswers(this.answers);
    return this.read;
  }

  /** The columns of the classes below an entry. */
  below(entry) {
    return this.leaf.slice(entry, this.stop[entry]).filter((column) => column >= 0);
  }

  /** The entries from one up to the root, without the root. */
  path(entry) {
    const found = [];
    for (let at = entry; at > 0; at = this.parent[at]) found.unshift(at);
    return found;
  }

  /** Which entries an expert keeps: those on the paths of its classes. */
  kept(chosen) {
    const kept = new Uint8Array(this.parent.length);
    kept[0] = 1;
    for (const column of chosen) {
      for (let at = this.entryOf[column]; !kept[at]; at = this.parent[at]) kept[at] = 1;
    }
    return kept;
  }

  /** Per picture: 0 of another class, 1 wrong, 2 right. */
  told(chosen) {
    const { targets, starts, rivals } = this.known;
    const told = new Uint8Array(targets.length);
    for (let i = 0; i < targets.length; i++) {
      if (!chosen.has(targets[i])) continue;
      told[i] = 2;
      for (let at = starts[i]; at < starts[i + 1]; at++) {
        if (chosen.has(rivals[at])) {
          told[i] = 1;
          break;
        }
      }
    }
    return told;
  }

  /** What is taken for what: {true class, answer, how often}, the most frequent first. */
  mistakes(chosen) {
    const { targets, starts, rivals } = this.known;
    const counts = new Map();
    for (let i = 0; i < targets.length; i++) {
      if (!chosen.has(targets[i])) continue;
      for (let at = starts[i]; at < starts[i + 1]; at++) {
        if (!chosen.has(rivals[at])) continue;
        const key = targets[i] * this.classes + rivals[at];
        counts.set(key, (counts.get(key) ?? 0) + 1);
        break;
      }
    }
    return [...counts]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .map(([key, count]) => ({ from: Math.floor(key / this.classes), to: key % this.classes, count }));
  }

  /** What the expert of some classes costs, and which entries it keeps. */
  costs(chosen) {
    const kept = this.kept(chosen);
    let params = 0;
    let macs = 0;
    let nodes = 0;
    for (let entry = 0; entry < kept.length; entry++) {
      if (!kept[entry]) continue;
      params += this.params[entry];
      macs += this.macs[entry];
      nodes += this.leaf[entry] < 0;
    }
    const [float, int8] = this.fileBytes(kept, chosen.size);
    const ms = this.timing
      ? this.timing.fixed + this.timing.per_million_macs * (macs / 1e6) + this.timing.per_node * nodes
      : null;
    return { params, macs, nodes, float, int8, ms, kept };
  }

  /** All that is shown of the expert of some classes. */
  figures(chosen) {
    const told = this.told(chosen);
    let pictures = 0;
    let right = 0;
    for (const state of told) {
      pictures += state > 0;
      right += state === 2;
    }
    const [low, high] = pictures ? wilson(right, pictures) : [NaN, NaN];
    const accuracy = pictures ? right / pictures : NaN;
    return { ...this.costs(chosen), pictures, right, accuracy, low, high, told };
  }

  /** Bytes of an ONNX file, in floats and in int8; nulls for a network that is not exported. */
  fileBytes(kept, count) {
    if (!this.bytes) return [null, null];
    const { entries, reads, opened, ends, more, ended } = this.bytes;
    const holding = new Set();
    const above = new Set();
    const depths = new Set();
    const sums = [0, 0];
    for (let entry = 0; entry < kept.length; entry++) {
      if (!kept[entry]) continue;
      sums[0] += entries[0][entry];
      sums[1] += entries[1][entry];
      if (this.leaf[entry] >= 0) {
        holding.add(this.parent[entry]);
      } else {
        depths.add(this.depth[entry]);
        above.add(this.parent[entry]);
      }
    }
    let channels = 0;
    for (const node of holding) channels += reads[node];
    const less = new Set(); // depths at which the head takes over the end of a node's block
    for (let node = 0; node < kept.length; node++) {
      if (!kept[node] || this.leaf[node] >= 0 || above.has(node)) continue;
      if (!more[node] || count >= reads[node]) continue;
      channels += more[node];
      less.add(this.depth[node]);
      sums[0] -= ends[0][node];
      sums[1] -= ends[1][node];
    }
    return sums.map((sum, i) => {
      for (const depth of depths) sum += opened[i][depth];
      for (const depth of less) sum -= ended[i][depth];
      return sum + count * channels * WEIGHT[i];
    });
  }
}

/** How much less accurate one expert is than another, with the interval; in pairs where both saw the same. */
function difference(one, other, same) {
  const gap = one.accuracy - other.accuracy;
  if (!same) { // Newcombe 1998
    const below = Math.hypot(one.accuracy - one.low, other.high - other.accuracy);
    return [gap, gap - below, gap + Math.hypot(one.high - one.accuracy, other.accuracy - other.low)];
  }
  let lost = 0;
  let gained = 0;
  for (let i = 0; i < one.told.length; i++) {
    lost += one.told[i] === 2 && other.told[i] === 1;
    gained += one.told[i] === 1 && other.told[i] === 2;
  }
  return [gap, ...paired(lost, gained, one.pictures)];
}
