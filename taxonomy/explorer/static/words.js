// Numbers and names as text: for people, for a shell, for Python, for the address.

const COSTS = {
  macs: { label: "MACs", unit: "multiply-accumulates a picture" },
  params: { label: "parameters", unit: "parameters" },
  float: { label: "file, float", unit: "bytes of the ONNX file in float32, predicted" },
  int8: { label: "file, int8", unit: "bytes of the ONNX file in int8, predicted" },
  ms: { label: "time", unit: "milliseconds a picture, estimated" },
};

/** A number in three digits with a prefix: 4.21 M. */
function short(value) {
  if (value === null || Number.isNaN(value)) return "–";
  const steps = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [size, prefix] = steps.find(([least]) => value >= least * 0.9995) ?? [1, ""];
  const scaled = value / size;
  const digits = prefix === "" && Number.isInteger(value) ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)}${prefix && `\u202f${prefix}`}`;
}

function inWords(cost, value) {
  if (value === null) return "–";
  if (cost === "ms") return `${value.toFixed(value < 1 ? 2 : 1)}\u202fms`;
  if (cost === "float" || cost === "int8") return short(value).replace(/(\u202f\w)?$/, (p) => `${p || "\u202f"}B`);
  return short(value);
}

const percent = (share) => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)}\u202f%`);
const span = (low, high) => (Number.isNaN(low) ? "" : `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`);
const signed = (points) => `${points < -0.0005 ? "−" : "+"}${Math.abs(100 * points).toFixed(1)}`;
const counted = (count, one, several = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : several}`;

/** One word of a command for a POSIX shell; whatever is in it stays text. */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\"'\"'")}'`;
}

/** Class names as one value, which taxonomy.labels.class_names splits. */
function joined(names) {
  return names.map((name) => (/[",\r\n]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(",");
}

/** A flag with its value, in one word where the value would be taken for a flag. */
const flag = (name, value) => (value.startsWith("-") ? quoted(`${name}=${value}`) : `${name} ${quoted(value)}`);

function extractCommand(source, names, width = 1) {
  const net = source.startsWith("-") ? `./${source}` : source;
  const cut = width === 1 ? "" : ` --width ${width}`;
  return `taxonomy extract ${quoted(net)} ${flag("--classes", joined(names))}${cut} --out expert.safetensors`;
}

/** A line of Python; a JSON text is a literal of Python's, too. */
function extractLine(source, names, width = 1) {
  const cut = width === 1 ? "" : `, width=${width}`;
  return `expert = tx.extract(${JSON.stringify(source)}, [${names.map((name) => JSON.stringify(name)).join(", ")}]${cut})`;
}

const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s_-]+/g, " ").trim();

/** Columns and unknown words of a pasted list: a name a line, or several with commas between. */
function readNames(text, columnOf) {
  const found = new Set();
  const unknown = [];
  const look = (word) => columnOf.get(word) ?? columnOf.get(plain(word));
  for (const line of text.split(/[\r\n;\t]+/)) {
    const whole = look(line.trim());
    if (whole !== undefined) {
      found.add(whole);
      continue;
    }
    for (const [, inQuotes, bare] of line.matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)) {
      const word = (inQuotes?.replaceAll('""', '"') ?? bare).trim();
      const column = look(word);
      if (column !== undefined) found.add(column);
      else if (word) unknown.push(word);
    }
  }
  return { found, unknown };
}

/** The state as the address's fragment, and back. */
function toFragment(state) {
  const parts = Object.entries(state).filter(([, value]) => value !== "" && value !== null);
  return `#${parts.map(([key, value]) => {
    const text = Array.isArray(value) ? value.map(encodeURIComponent).join(",") : encodeURIComponent(value);
    return `${key}=${text}`;
  }).join("&")}`;
}

function fromFragment(fragment) {
  const state = {};
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const [key, value = ""] = part.split(/=(.*)/s);
    try {
      const words = value.split(",").map(decodeURIComponent);
      if (key === "classes") state.classes = value === "" ? [] : words;
      else if (key) state[key] = words.join(",");
    } catch { // not encoded as an address is
      continue;
    }
  }
  return state;
}

/** An element with classes, attributes and children; texts stay texts. */
function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name === "class") element.className = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
